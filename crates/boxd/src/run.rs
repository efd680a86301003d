//! Puts the daemon together and takes it apart again.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    alarm::Alarm,
    box_api::BoxApi,
    broker::{Broker, Places},
    clock::Clock,
    config::{
        Config, ConfigError, Paths,
        paths::{Homeless, PathFlags, PlatformDirs},
    },
    logging::LoggingError,
    server::{self, BindError, Limits, Listener},
    store::{self, OpenError, Store},
};

/// Exit status for a wrong command line.
const USAGE: u8 = 2;
/// Exit status where another daemon has the state directory or the socket (`EX_CANTCREAT`).
const ALREADY_RUNNING: u8 = 73;
/// Exit status for a configuration or store that cannot be used (`EX_CONFIG`).
const CONFIG: u8 = 78;
/// Threads for blocking work at most; they end after a moment without work. The store keeps to a few of them. The
/// others look up names and run the commands of secrets: those that hang must leave room for the store.
const BLOCKING_THREADS: usize = 256;
const THREAD_REST: Duration = Duration::from_secs(2);

/// What the command line and the environment say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--config`, `BOXD_CONFIG`.
    pub config: Option<PathBuf>,
    /// `--state-dir`, `BOXD_STATE_DIR`.
    pub state_dir: Option<PathBuf>,
    /// `--socket`, `BOXD_SOCKET`.
    pub socket: Option<PathBuf>,
    /// `--allow-network-fs`.
    pub allow_network_fs: bool,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The socket cannot be used.
    #[error(transparent)]
    Socket(#[from] BindError),
    /// The operating system refused something basic.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        error: std::io::Error,
    },
    /// There is no home directory.
    #[error(transparent)]
    Homeless(#[from] Homeless),
    /// No place for the socket could be found.
    #[error("{0}")]
    Endpoint(String),
    /// `boxd --check` found faults, and has printed them.
    #[error("{}", if *.0 == 1 { "1 fault was found".to_owned() } else { format!("{} faults were found", .0) })]
    Check(usize),
}

impl Failure {
    /// The exit status that scripts and service managers go by.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Store(error) if error.is_locked() => ALREADY_RUNNING,
            Self::Socket(error) if error.is_already_running() => ALREADY_RUNNING,
            Self::Config(_)
            | Self::Homeless(_)
            | Self::Endpoint(_)
            | Self::Store(_)
            | Self::Socket(_)
            | Self::Check(_) => CONFIG,
            Self::System { .. } => 1,
        }
    }
}

/// The exit status where nothing can be logged.
pub fn exit_code_without_log(error: &LoggingError) -> u8 {
    match error {
        LoggingError::InvalidFilter { .. } => USAGE,
        LoggingError::File { .. } => CONFIG,
    }
}

/// Where to log without a word about it in the command line: a file where there is no stderr, which is made fit for that;
/// else `None`.
pub fn default_log_file(options: &Options) -> Option<PathBuf> {
    if crate::logging::has_stderr() {
        return None;
    }
    let state_dir = places(options).ok()?.state_dir;
    // The store tells what is wrong with it, if anything is.
    store::prepare_directory(&state_dir).ok()?;
    Some(state_dir.join("boxd.log"))
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::System { what, error }
}

/// Runs until the system or the owner ends it ([`crate::signals::Wish::Stop`], `Request::Shutdown`).
pub fn serve(options: &Options) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(THREAD_REST)
        .build()
        .map_err(system("the async runtime cannot be started"))?;
    let served = runtime.block_on(serve_here(options));
    // The store is at rest by now; a command that a secret is awaited from need not be.
    runtime.shutdown_background();
    served
}

async fn serve_here(options: &Options) -> Result<(), Failure> {
    let mut wishes = crate::signals::Wishes::listen().map_err(system("signals cannot be caught"))?;
    let alarm = Alarm::new().map_err(system("no timer can be had"))?;
    let limits = Limits::of_this_process();
    let places = places(options)?;
    let config = Config::load(&places.config, places.config_is_explicit)?;
    if let Err(error) = config.check_ca_files() {
        // Tokens that are still valid are served all the same.
        tracing::error!("{error}");
    }
    let store = Store::open(store_options(options, &places))?;
    let listener = listener(&places)?;
    let broker = Broker::new(
        Clock::of_this_boot(),
        Arc::new(store),
        BoxApi::new(
            crate::box_api::Deadlines::default(),
            crate::box_api::ProxyEnvironment::read(|name| std::env::var(name).ok()),
        ),
        config,
        places.clone(),
    );
    announce_ready(&places);

    let reloader = broker.clone();
    let stop = async move {
        loop {
            match wishes.next().await {
                crate::signals::Wish::Stop => return,
                crate::signals::Wish::Reload => {
                    notify_reloading();
                    // A bad config is logged there, and the old one stays.
                    let result = reloader.reload().await;
                    notify_ready();
                    drop(result);
                }
            }
        }
    };
    run(listener, broker, alarm, stop, limits).await;
    Ok(())
}

/// Serves until `stop` resolves, then ends in order. Everything is a parameter, so that a test needs no
/// signal and no fixed place.
pub async fn run(
    listener: Listener,
    broker: Broker,
    alarm: Alarm,
    stop: impl Future<Output = ()>,
    limits: Limits,
) {
    let timekeeper = {
        let broker = broker.clone();
        tokio::spawn(async move { broker.keep_time(alarm).await })
    };
    server::run(listener, broker.clone(), stop, limits).await;
    notify_stopping();
    timekeeper.abort();
    broker.wind_down().await;
    tracing::info!("boxd ends");
}

/// Reads config and store, says what boxd would do, and changes nothing.
pub fn check(options: &Options) -> Result<(), Failure> {
    let places = places(options)?;
    let config = Config::load(&places.config, places.config_is_explicit)?;
    let inspection = store::inspect(&store_options(options, &places))?;
    let report = crate::check::report(&places, &config, &inspection);
    print_report(&report);
    match report.faults() {
        0 => Ok(()),
        faults => Err(Failure::Check(faults)),
    }
}

#[expect(clippy::print_stdout, reason = "the output of `boxd --check`")]
fn print_report(report: &crate::check::Report) {
    print!("{report}");
}

fn places(options: &Options) -> Result<Places, Failure> {
    let flags = PathFlags { config: options.config.clone(), state_dir: options.state_dir.clone() };
    let paths = Paths::locate(flags, |name| std::env::var_os(name), PlatformDirs::of_this_user())?;
    let socket = boxd_proto::endpoint::Environment::of_this_process()
        .server_socket(options.socket.as_deref(), options.state_dir.as_deref())
        .map_err(|error| Failure::Endpoint(error.to_string()))?;
    Ok(Places {
        config: paths.config,
        config_is_explicit: paths.config_explicit,
        state_dir: paths.state_dir,
        socket,
    })
}

fn store_options(options: &Options, places: &Places) -> store::Options {
    store::Options {
        state_dir: places.state_dir.clone(),
        // Beside the socket: usually memory, so a spare can be written when the disk cannot. A pipe of Windows is beside
        // no files.
        spare_dir: places.socket.parent().filter(|_| !cfg!(windows)).map(PathBuf::from),
        machine: store::MachineId::of_this_machine(),
        allow_network_fs: options.allow_network_fs,
    }
}

/// The socket that the service manager listens on for us, else one of our own.
fn listener(places: &Places) -> Result<Listener, BindError> {
    #[cfg(target_os = "macos")]
    if let Some(listener) = server::launchd::inherited()? {
        return Ok(listener);
    }
    Listener::bind(&places.socket)
}

fn announce_ready(places: &Places) {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        socket = %places.socket.display(),
        state_dir = %places.state_dir.display(),
        config = %places.config.display(),
        "boxd is ready"
    );
    notify_ready();
}

#[cfg(unix)]
fn notify_ready() {
    notify(&[sd_notify::NotifyState::Ready]);
}

#[cfg(unix)]
fn notify_stopping() {
    notify(&[sd_notify::NotifyState::Stopping]);
}

#[cfg(unix)]
fn notify_reloading() {
    match sd_notify::NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[sd_notify::NotifyState::Reloading, now]),
        Err(_) => notify(&[sd_notify::NotifyState::Reloading]),
    }
}

#[cfg(windows)]
fn notify_ready() {}

#[cfg(windows)]
fn notify_stopping() {}

#[cfg(windows)]
fn notify_reloading() {}

/// Tells the service manager, where there is one.
#[cfg(unix)]
fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
