//! `boxctl login`: a person consents in a browser, and the daemon does the rest.

mod application;
mod browser;
mod tunnel;
mod waiting;

use std::io::{self, IsTerminal as _};

use boxd_client::{BeginLogin, Client, Code, Endpoints, LoginPage, LoginStep};

use self::waiting::{Interest, Pasting};
use crate::{
    args::Login,
    command::status,
    daemon,
    failure::Failure,
    global::Global,
    output::{print, remark},
    terminal::tame,
};

pub(super) fn run(global: &Global, options: &Login) -> Result<(), Failure> {
    let mut client = daemon::connect(global)?;
    let page = begin(&mut client, global, options)?;
    let opened = !options.no_browser && browser::open(&page.authorize_url);
    // A person at a terminal without a browser has another one elsewhere.
    let pasting = if options.no_browser || (!opened && io::stdin().is_terminal()) {
        Pasting::Taken
    } else {
        Pasting::Ignored
    };
    explain(&page, opened, pasting);
    let interest = Interest { page: &page, pasting };
    let status = waiting::until_done(global, client, &interest)?;
    if global.json {
        return status::display(global, std::slice::from_ref(&status));
    }
    let who = status.user.as_ref().map_or_else(
        || "logged in".to_owned(),
        |user| format!("logged in as {} <{}>", tame(&user.name), tame(&user.login)),
    );
    print(&format!("{}: {who}\n", tame(&status.account)))
}

/// Begins; the application is named on the way where the daemon does not know it.
fn begin(client: &mut Client, global: &Global, options: &Login) -> Result<LoginPage, Failure> {
    let mut request = BeginLogin {
        account: global.account_or(options.name.as_deref()),
        client_id: None,
        client_secret: None,
        port: options.port,
        replace_user: options.replace_user,
        endpoints: Endpoints::default(),
    };
    let needs = match client.begin_login(request.clone())? {
        LoginStep::Page(page) => return Ok(page),
        LoginStep::Needs(needs) => needs,
    };
    application::complete(&mut request, &needs)?;
    match client.begin_login(request)? {
        LoginStep::Page(page) => Ok(page),
        LoginStep::Needs(_) => Err(Failure::of(
            Code::Internal,
            "boxd asks for client id and secret though it has them",
            "see boxd's log",
        )),
    }
}

/// Says what the person has to do.
fn explain(page: &LoginPage, opened: bool, pasting: Pasting) {
    let url = tame(&page.authorize_url);
    if opened {
        remark(&format!("Your browser opens. If it does not, open this address:\n\n  {url}\n"));
    } else {
        remark(&format!("Open this address in a browser, log in to Box and grant access:\n\n  {url}\n"));
    }
    remark(&format!(
        "Box then sends the browser to {}; the Box app must list {} as a redirect URI.",
        tame(&page.redirect_uri),
        tame(&page.registered_uri)
    ));
    if let Some(line) = tunnel::line(page).filter(|_| !opened) {
        remark(&format!("If that browser is on your own machine, run this there first:\n\n  {line}\n"));
    }
    if pasting == Pasting::Taken {
        remark(
            "Or paste here the address that the browser ends at (the page may show an error), or the code in it. \
             Be quick: the code lives for 30 seconds.",
        );
    }
}
