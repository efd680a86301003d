//! The person's own browser: consent, denial, errors, reloads, and what its pages carry.

use boxd_proto::Code;

use super::{Login, World, plan};

#[tokio::test(start_paused = true)]
async fn consent_leads_to_a_page_that_names_the_person() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let (page, outcome) = tokio::join!(login.get_after_a_moment("code=abc"), world.logins.wait(login.id()));
    let (status, text) = page;
    assert_eq!((status, world.begun()), (200, 1), "{text}");
    for fact in ["You are logged in", "Ada abc", "ada@example.com", "work"] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert_eq!(outcome.unwrap().name, "Ada abc");
    login.closed().await;
}

#[tokio::test(start_paused = true)]
async fn every_page_keeps_to_itself() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let targets = ["/", "/callback?state=x&code=abc", &login.target("code=abc"), &login.target("code=abc")];
    for target in targets {
        let (_, text) = login.get(target).await;
        let text = text.to_ascii_lowercase();
        for header in [
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "x-frame-options: deny",
            "content-type: text/html; charset=utf-8",
            "connection: close",
        ] {
            assert!(text.contains(&format!("\r\n{header}")), "{target} lacks {header}: {text}");
        }
        assert!(
            !text.contains("abc\"") && !text.contains("<script") && !text.contains(&login.state),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn denial_ends_the_login_and_nothing_goes_to_box() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let (page, outcome) = tokio::join!(
        login.get_after_a_moment("error=access_denied&error_description=The+user+denied+access"),
        world.logins.wait(login.id())
    );
    assert!(page.1.contains("Access was denied"), "{}", page.1);
    let problem = outcome.unwrap_err();
    assert_eq!((problem.code, problem.account.as_deref()), (Code::LoginRequired, Some("work")));
    assert_eq!(problem.detail, "access was denied in the browser");
    login.closed().await;
    assert_eq!(world.begun(), 0);
}

#[tokio::test(start_paused = true)]
async fn other_errors_of_box_are_shown_and_cannot_become_markup() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let (page, outcome) = tokio::join!(
        login.get_after_a_moment("error=invalid_scope&error_description=%3Cscript%3Ealert(1)%3C/script%3E"),
        world.logins.wait(login.id())
    );
    assert!(page.1.contains("&lt;script&gt;alert(1)"), "{}", page.1);
    assert!(!page.1.contains("<script"), "{}", page.1);
    let problem = outcome.unwrap_err();
    assert_eq!(problem.code, Code::ActionRequired);
    assert!(problem.detail.contains("invalid_scope"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_exchange_is_told_with_the_next_step() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let (page, outcome) = tokio::join!(login.get_after_a_moment("code=bad"), world.logins.wait(login.id()));
    assert!(page.1.contains("The login failed") && page.1.contains("Box says &lt;no&gt;"), "{}", page.1);
    assert!(page.1.contains("Do this"), "{}", page.1);
    assert_eq!(outcome.unwrap_err().detail, "box says <no>");
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_ours_ends_the_login_too() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let (page, outcome) = tokio::join!(login.get_after_a_moment("code=panic"), world.logins.wait(login.id()));
    assert!(page.1.contains("The login failed"), "{}", page.1);
    assert_eq!(outcome.unwrap_err().code, Code::Internal);
    login.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_shows_the_outcome_again_and_sends_nothing() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let target = login.target("code=abc");
    let (_, first) = login.get(&target).await;
    let (_, second) = login.get(&target).await;
    let (_, denied) = login.get(&login.target("error=access_denied")).await;
    for page in [&first, &second, &denied] {
        assert!(page.contains("You are logged in"), "{page}");
    }
    assert_eq!(world.begun(), 1);
    assert!(world.logins.wait(login.id()).await.is_ok());
    login.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_reload_while_box_is_asked_waits_for_the_same_outcome() {
    let world = World::new();
    world.fake.gate.send_replace(false);
    let login = world.begin(plan("work")).await;
    let target = login.target("code=abc");
    let open = async {
        tokio::time::sleep(std::time::Duration::from_secs(20)).await;
        assert_eq!((world.begun(), world.done()), (1, 0));
        world.fake.gate.send_replace(true);
    };
    let (first, second, ()) = tokio::join!(login.get(&target), login.get(&target), open);
    assert!(first.1.contains("You are logged in") && second.1.contains("You are logged in"));
    assert_eq!(world.begun(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_looks_ahead_burns_no_code() {
    let world = World::new();
    let login = world.begin(plan("work")).await;
    let host = format!("Host: 127.0.0.1:{}\r\n", login.page.port);
    let target = login.target("code=abc");
    for (method, header, status) in [
        ("HEAD", "", 405),
        ("GET", "Sec-Purpose: prefetch;prerender\r\n", 503),
        ("GET", "Purpose: prefetch\r\n", 503),
        ("GET", "X-Moz: prefetch\r\n", 503),
        ("GET", "Sec-Fetch-Mode: no-cors\r\n", 503),
    ] {
        let (answered, text) = login.ask(&format!("{method} {target}"), &(host.clone() + header)).await;
        assert_eq!((answered, world.begun()), (status, 0), "{method} {header} {text}");
    }
    let (status, _) = login.ask(&format!("GET {target}"), &(host + "Sec-Fetch-Mode: navigate\r\n")).await;
    assert_eq!((status, world.begun()), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn localhost_is_listened_to_at_both_addresses() {
    let world = World::new();
    let mut localhost = plan("work");
    localhost.redirect = "http://localhost/callback".parse().unwrap();
    let login = world.begin(localhost).await;
    let page = &login.page;
    assert_eq!(page.redirect_uri, format!("http://localhost:{}/callback", page.port));
    assert_eq!(page.registered_uri, "http://localhost/callback");
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    let other = tokio::net::TcpStream::connect(("::1", page.port)).await;
    assert_eq!(other.is_ok(), has_ipv6);
    let host = format!("Host: localhost:{}\r\n", page.port);
    assert_eq!(login.ask(&format!("GET {}", login.target("code=abc")), &host).await.0, 200);
    login.closed().await;
}

impl Login {
    /// The redirect, once somebody waits for the login.
    async fn get_after_a_moment(&self, parameters: &str) -> (u16, String) {
        tokio::task::yield_now().await;
        self.get(&self.target(parameters)).await
    }
}
