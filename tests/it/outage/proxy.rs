//! A network between the program and its server that can be made slow, silent and short.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fair,
    /// Nothing arrives, in neither direction; what was sent arrives when it is over.
    Silent,
    /// Each piece takes so long.
    Slow(Duration),
    /// One piece in a hundred has to be sent again.
    Lossy,
}

/// Where a commit is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears of it.
    Before,
    /// It is done, and the program never hears of that.
    After,
}

struct State {
    server: PathBuf,
    weather: Mutex<Weather>,
    commits: AtomicUsize,
    pieces: AtomicUsize,
    /// Which commit from now on is cut off, and how.
    cut: Mutex<Option<(usize, Cut)>>,
    /// Every so manieth commit is cut off, in turn before and after.
    cut_every: AtomicUsize,
    open: Mutex<Vec<(TcpStream, UnixStream)>>,
    closed: AtomicBool,
}

/// A proxy in front of a server's socket.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// In front of the server whose socket lies in this folder.
    pub fn to(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            server: folder.join(".s.PGSQL.5432"),
            weather: Mutex::new(Weather::Fair),
            commits: AtomicUsize::new(0),
            pieces: AtomicUsize::new(0),
            cut: Mutex::new(None),
            cut_every: AtomicUsize::new(0),
            open: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if own.closed.load(Ordering::SeqCst) {
                    return;
                }
                own.connect(client);
            }
        });
        Self { port, state }
    }

    /// The address of the database through it.
    pub fn url(&self) -> String {
        format!(
            "postgres://ates@127.0.0.1:{}/ates?sslmode=disable",
            self.port
        )
    }

    pub fn turns(&self, weather: Weather) {
        *self.state.weather.lock().unwrap() = weather;
    }

    /// Breaks every connection.
    pub fn reset(&self) {
        for (client, server) in self.state.open.lock().unwrap().drain(..) {
            drop(client.shutdown(Shutdown::Both));
            drop(server.shutdown(Shutdown::Both));
        }
    }

    /// Commits that came by so far.
    pub fn commits(&self) -> usize {
        self.state.commits.load(Ordering::SeqCst)
    }

    /// Cuts off the commit that comes as the `nth` from now, counted from 1.
    pub fn cut(&self, nth: usize, how: Cut) {
        *self.state.cut.lock().unwrap() = Some((self.commits() + nth, how));
    }

    /// Whether a commit that shall be cut off has not come yet.
    pub fn is_armed(&self) -> bool {
        self.state.cut.lock().unwrap().is_some()
    }

    /// Cuts off every so manieth commit from now on; 0: none.
    pub fn cut_every(&self, many: usize) {
        self.state.cut_every.store(many, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.reset();
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl State {
    fn connect(self: &Arc<Self>, client: TcpStream) {
        let Ok(server) = UnixStream::connect(&self.server) else {
            return;
        };
        client.set_nodelay(true).unwrap();
        let pair = || (client.try_clone().unwrap(), server.try_clone().unwrap());
        self.open.lock().unwrap().push(pair());
        let mute = Arc::new(AtomicBool::new(false));
        let ((from, to), (back_to, back_from)) = (pair(), pair());
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        let muted = Arc::clone(&mute);
        std::thread::spawn(move || there.pump(from, to, &muted, true));
        std::thread::spawn(move || back.pump(back_from, back_to, &mute, false));
    }

    fn pump(
        &self,
        mut from: impl Read + Close,
        mut to: impl Write + Close,
        mute: &AtomicBool,
        asks: bool,
    ) {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = match from.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            self.endure();
            if !asks && mute.load(Ordering::SeqCst) {
                break;
            }
            if asks && piece[..read].windows(7).any(|words| words == b"COMMIT\0") {
                match self.fate() {
                    Some(Cut::Before) => break,
                    Some(Cut::After) => mute.store(true, Ordering::SeqCst),
                    None => {}
                }
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        from.close();
        to.close();
    }

    /// What becomes of the commit that comes by now.
    fn fate(&self) -> Option<Cut> {
        let number = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let mut cut = self.cut.lock().unwrap();
        if let Some((nth, how)) = *cut
            && nth == number
        {
            *cut = None;
            return Some(how);
        }
        let every = self.cut_every.load(Ordering::SeqCst);
        let is_due = every > 0 && number.is_multiple_of(every);
        is_due.then(|| {
            if (number / every).is_multiple_of(2) {
                Cut::Before
            } else {
                Cut::After
            }
        })
    }

    fn endure(&self) {
        let number = self.pieces.fetch_add(1, Ordering::SeqCst);
        loop {
            let weather = *self.weather.lock().unwrap();
            match weather {
                Weather::Silent if !self.closed.load(Ordering::SeqCst) => {
                    std::thread::park_timeout(Duration::from_millis(20));
                    continue;
                }
                Weather::Slow(time) => std::thread::park_timeout(time),
                Weather::Lossy if number.is_multiple_of(100) => {
                    std::thread::park_timeout(Duration::from_millis(300));
                }
                Weather::Fair | Weather::Silent | Weather::Lossy => {}
            }
            return;
        }
    }
}

/// What can be ended from both sides.
trait Close {
    fn close(&self);
}

impl Close for TcpStream {
    fn close(&self) {
        drop(self.shutdown(Shutdown::Both));
    }
}

impl Close for UnixStream {
    fn close(&self) {
        drop(self.shutdown(Shutdown::Both));
    }
}
