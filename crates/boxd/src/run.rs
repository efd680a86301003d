//! Puts the daemon together and takes it apart again.

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

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
    pulse::pulse,
    server::{self, BindError, Entrances, Limits, Listener},
    service_manager::{self, Handover, Inherited, Loops, Misfit, ServiceManager},
    store::{self, OpenError, Store},
};

/// Exit status for a wrong command line.
pub const USAGE: u8 = 2;
/// Exit status where another daemon has the state directory or the socket (`EX_CANTCREAT`).
const ALREADY_RUNNING: u8 = 73;
/// Exit status for a configuration or store that cannot be used (`EX_CONFIG`).
const CONFIG: u8 = 78;
/// Threads for blocking work at most; they end after a moment without work. The store keeps to a few of them. The
/// others look up names and run the commands of secrets: those that hang must leave room for the store.
const BLOCKING_THREADS: usize = 256;
const THREAD_REST: Duration = Duration::from_mins(10);
/// Sooner than its rest is over one of them is woken: a system that has no more threads to give must not find boxd
/// without any, in the middle of a renewal.
const THREAD_STIR: Duration = Duration::from_mins(5);

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
    /// What the service manager handed over does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
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
            | Self::Misfit(_)
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
    serve_by(options, Clock::of_this_boot())
}

/// Runs until SIGTERM or SIGINT, by this clock.
pub fn serve_by(options: &Options, clock: Clock) -> Result<(), Failure> {
    // Before there is a second thread.
    let handover = Handover::take();
    #[cfg(unix)]
    crate::platform::keep_descriptors_from_children();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(THREAD_REST)
        .build()
        .map_err(system("the async runtime cannot be started"))?;
    let served = runtime.block_on(serve_here(options, clock, handover));
    // The store is at rest by now; a command that a secret is awaited from need not be.
    runtime.shutdown_background();
    served
}

async fn serve_here(options: &Options, clock: Clock, handover: Handover) -> Result<(), Failure> {
    let Handover { manager, sockets } = handover;
    let sockets = sockets?;
    let mut wishes = crate::signals::Wishes::listen().map_err(system("signals cannot be caught"))?;
    let alarm = Alarm::new().map_err(system("no timer can be had"))?;
    let limits = Limits::of_this_process();
    let Opened { places, config, store } = match open(options, &sockets) {
        Ok(opened) => opened,
        Err(failure) => return Err(told_to_clients(failure, sockets).await),
    };
    let listener = listener(&places, sockets)?;
    let (doors, new_doors) = server::Doors::new();
    let broker = Broker::new(
        clock,
        Arc::new(store),
        BoxApi::new(
            crate::box_api::Deadlines::default(),
            crate::box_api::ProxyEnvironment::read(|name| std::env::var(name).ok()),
        ),
        config,
        places.clone(),
        doors,
    );
    broker.open_doors().await;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        socket = %places.socket.display(),
        state_dir = %places.state_dir.display(),
        config = %places.config.display(),
        "boxd is ready"
    );
    manager.ready().await;

    let manager = Arc::new(manager);
    let (reloader, announcer) = (broker.clone(), Arc::clone(&manager));
    let stop = async move {
        loop {
            match wishes.next().await {
                crate::signals::Wish::Stop => return,
                crate::signals::Wish::Reload => {
                    announcer.reloading().await;
                    // A bad config is logged there, and the old one stays.
                    let result = reloader.reload().await;
                    announcer.ready().await;
                    drop(result);
                }
            }
        }
    };
    run(Entrances::new(listener, new_doors), broker, alarm, stop, limits, manager).await;
    Ok(())
}

/// What must be in order before anybody is served.
struct Opened {
    places: Places,
    config: Config,
    store: Store,
}

fn open(options: &Options, sockets: &[Inherited]) -> Result<Opened, Failure> {
    let mut places = places(options)?;
    let asked = boxd_proto::endpoint::Environment::of_this_process().socket;
    if let Some(place) = service_manager::main_place(sockets, options.socket.as_deref().or(asked.as_deref()))?
    {
        places.socket = place;
    }
    let config = Config::load(&places.config, places.config_is_explicit)?;
    if let Err(error) = config.check_ca_files() {
        // Tokens that are still valid are served all the same.
        tracing::error!("{error}");
    }
    let store = Store::open(store_options(options, &places, &config))?;
    Ok(Opened { places, config, store })
}

/// The sockets that the service manager listens on for us, else one of our own.
fn listener(places: &Places, sockets: Vec<Inherited>) -> Result<Listener, BindError> {
    #[cfg(unix)]
    if !sockets.is_empty() {
        return Listener::inherited(sockets.into_iter().map(|socket| socket.fd));
    }
    #[cfg(windows)]
    drop(sockets);
    Listener::bind(&places.socket)
}

/// Clients whose connections started this boxd learn why it does not serve, where trying again would not help.
#[cfg_attr(windows, expect(clippy::unused_async, reason = "nothing is handed over there"))]
async fn told_to_clients(failure: Failure, sockets: Vec<Inherited>) -> Failure {
    #[cfg(unix)]
    if matches!(failure.exit_code(), ALREADY_RUNNING | CONFIG) {
        let fds = sockets.into_iter().map(|socket| socket.fd).collect();
        server::tell_why_not(fds, &failure.to_string()).await;
    }
    #[cfg(windows)]
    drop(sockets);
    failure
}

/// Serves until `stop` resolves, then ends in order. Everything is a parameter, so that a test needs no
/// signal and no fixed place.
pub async fn run(
    entrances: Entrances,
    broker: Broker,
    alarm: Alarm,
    stop: impl Future<Output = ()>,
    limits: Limits,
    manager: Arc<ServiceManager>,
) {
    let (pulse, timekeeper) = pulse();
    let loops = Loops { accept: entrances.probe(), timekeeper };
    let timekeeper = {
        let broker = broker.clone();
        tokio::spawn(async move { broker.keep_time(alarm, pulse).await })
    };
    let messenger = {
        let broker = broker.clone();
        tokio::spawn(async move { broker.keep_people_informed().await })
    };
    let informer = {
        let (broker, manager) = (broker.clone(), Arc::clone(&manager));
        tokio::spawn(async move { manager.keep_informed(&broker, loops).await })
    };
    let stirring = tokio::spawn(keep_a_thread());
    let announced = async {
        tokio::select! {
            () = stop => {}
            () = broker.told_to_end() => {}
        }
        manager.stopping().await;
    };
    server::run(entrances, broker.clone(), announced, limits).await;
    timekeeper.abort();
    messenger.abort();
    broker.wind_down().await;
    informer.abort();
    stirring.abort();
    tracing::info!("boxd ends");
}

/// Sees to it that there is always a thread for blocking work.
async fn keep_a_thread() {
    let mut pace = tokio::time::interval(THREAD_STIR);
    loop {
        pace.tick().await;
        tokio::task::spawn_blocking(|| ()).await.ok();
    }
}

/// Reads config and store, says what boxd would do, and changes nothing.
pub fn check(options: &Options) -> Result<(), Failure> {
    let places = places(options)?;
    let config = Config::load(&places.config, places.config_is_explicit)?;
    let inspection = store::inspect(&store_options(options, &places, &config))?;
    let report = crate::check::report(&places, &config, &inspection);
    write!(std::io::stdout(), "{report}").map_err(system("the report cannot be written"))?;
    match report.faults() {
        0 => Ok(()),
        faults => Err(Failure::Check(faults)),
    }
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

fn store_options(options: &Options, places: &Places, config: &Config) -> store::Options {
    store::Options {
        state_dir: places.state_dir.clone(),
        spare_dir: spare_dir(places),
        machine: store::MachineId::of_this_machine(),
        allow_network_fs: options.allow_network_fs,
        key: config.store_key(),
        credentials: std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
    }
}

/// Usually memory, so a spare can be written when the disk cannot: where the service manager says, else beside the
/// socket; a pipe of Windows is beside no files.
fn spare_dir(places: &Places) -> Option<PathBuf> {
    let of_service =
        std::env::var_os("RUNTIME_DIRECTORY").filter(|value| !value.is_empty()).map(PathBuf::from);
    of_service.or_else(|| places.socket.parent().filter(|_| !cfg!(windows)).map(PathBuf::from))
}
