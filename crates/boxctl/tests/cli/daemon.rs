//! A daemon that answers what it is told to, and the real boxctl.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use boxd_proto::{HELLO_LEN, Hello, HelloReply, Request, Response, choose, decode, encode};

/// A fake daemon in a directory of its own.
pub(crate) struct Daemon {
    dir: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Request>>>,
}

/// What a run of boxctl came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Daemon {
    /// Answers each request with what `answer` gives.
    pub(crate) fn new(answer: impl Fn(&Request) -> Vec<Response> + Send + Sync + 'static) -> Self {
        let daemon = Self::absent();
        let listener = UnixListener::bind(daemon.socket()).unwrap();
        let (asked, answer) = (Arc::clone(&daemon.asked), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || serve(stream.unwrap(), &*answer, &asked));
            }
        });
        daemon
    }

    /// Answers everything with the same.
    pub(crate) fn always(response: Response) -> Self {
        Self::new(move |_| vec![response.clone()])
    }

    /// No daemon, only its place.
    pub(crate) fn absent() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), asked: Arc::default() }
    }

    /// A daemon that knows other protocol versions only.
    pub(crate) fn of_another_time() -> Self {
        let daemon = Self::absent();
        let listener = UnixListener::bind(daemon.socket()).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; HELLO_LEN];
            stream.read_exact(&mut hello).unwrap();
            stream.write_all(&HelloReply { chosen: 0, min: 2, max: 3 }.to_bytes()).unwrap();
            drop(stream.read(&mut [0; 64]));
        });
        daemon
    }

    /// A daemon that closes each connection without a word.
    pub(crate) fn silent() -> Self {
        let daemon = Self::absent();
        let listener = UnixListener::bind(daemon.socket()).unwrap();
        thread::spawn(move || listener.incoming().for_each(drop));
        daemon
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("boxd.sock")
    }

    /// A file beside the socket.
    pub(crate) fn file(&self, text: &str) -> String {
        let path = self.dir.path().join("file");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// `boxctl` with an environment of nothing but this daemon's socket.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boxctl"));
        command.args(arguments).env_clear().env("BOXD_SOCKET", self.socket()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// The same with text on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may have ended for another reason without reading.
        drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
        child.wait_with_output().unwrap().into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn serve(mut stream: UnixStream, answer: &impl Fn(&Request) -> Vec<Response>, asked: &Mutex<Vec<Request>>) {
    let mut hello = [0; HELLO_LEN];
    // paths and others may connect without a word.
    let Ok(()) = stream.read_exact(&mut hello) else { return };
    stream.write_all(&choose(Hello::from_bytes(hello).unwrap()).to_bytes()).unwrap();
    let mut header = [0; 4];
    while stream.read_exact(&mut header).is_ok() {
        let mut body = vec![0; u32::from_le_bytes(header) as usize];
        stream.read_exact(&mut body).unwrap();
        let request: Request = decode(&body).unwrap();
        asked.lock().unwrap().push(request.clone());
        let answers = answer(&request);
        let mut bytes = Vec::new();
        for response in answers {
            encode(&response, &mut bytes).unwrap();
        }
        // boxctl may have been ended meanwhile.
        drop(stream.write_all(&bytes));
    }
}
