//! Mail servers on loopback: one that keeps what it is given, or refuses it, and one that somebody else wrote.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use super::wait_until;

/// A mail that the server accepted.
#[derive(Clone, Debug)]
pub struct ReceivedMail {
    pub to: String,
    pub raw: String,
}

impl ReceivedMail {
    /// The value of a header line.
    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.raw
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .map(str::trim)
    }

    /// The whole mail with quoted-printable undone.
    pub fn text(&self) -> String {
        let joined = self.raw.replace("=\r\n", "").replace("=\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            let code = (*first == b'=').then(|| tail.get(..2)).flatten();
            let byte =
                code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
            bytes.push(byte.unwrap_or(*first));
            rest = if byte.is_some() { &tail[2..] } else { tail };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// What the server says to mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Accepts,
    Busy,
    Refuses,
    /// Keeps the mail and cuts the connection before it says so.
    KeepsAndCuts,
    /// Keeps the mail and never says so.
    KeepsAndHangs,
    /// Says nothing at all to the receiver's address.
    Stalls,
    /// Takes no connection.
    Away,
    /// Takes connections and wants no mail from anybody on them.
    Shut,
    /// Takes no mail from our sender.
    RefusesSender,
}

/// What the server says to a mail: how often it came so far decides, or nothing does.
type Script = dyn Fn(&str, usize) -> Mood + Send + Sync;

/// The server; it ends with the test's process.
pub struct SmtpSink {
    port: u16,
    state: Arc<State>,
}

struct State {
    mails: Mutex<Vec<ReceivedMail>>,
    tries: Mutex<HashMap<String, usize>>,
    mood: Mutex<Mood>,
    script: Mutex<Option<Box<Script>>>,
}

impl State {
    /// What is said to an address that is named now.
    fn mood_for(&self, to: &str) -> Mood {
        let mut tries = self.tries.lock().unwrap();
        let tried = tries.entry(to.to_owned()).or_default();
        let mood = match &*self.script.lock().unwrap() {
            Some(script) => script(to, *tried),
            None => *self.mood.lock().unwrap(),
        };
        *tried += 1;
        mood
    }
}

impl SmtpSink {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            mails: Mutex::default(),
            tries: Mutex::default(),
            mood: Mutex::new(Mood::Accepts),
            script: Mutex::new(None),
        });
        let kept = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                if *kept.mood.lock().unwrap() == Mood::Away {
                    continue;
                }
                std::thread::spawn(move || drop(talk(stream, &kept)));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.state.mails.lock().unwrap().clone()
    }

    /// How many mails it has kept.
    pub fn count(&self) -> usize {
        self.state.mails.lock().unwrap().len()
    }

    pub fn becomes(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    /// From now on each mail is answered by its address and by how often it was tried before.
    pub fn follows(&self, script: impl Fn(&str, usize) -> Mood + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Some(Box::new(script));
    }
}

/// The distribution's mail server, aiosmtpd, which puts what it is given into a folder.
pub struct PostOffice {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl PostOffice {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = Command::new("/usr/bin/aiosmtpd")
            .args(["--nosetuid", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--class", "aiosmtpd.handlers.Mailbox"])
            .arg(folder.path().join("mails"))
            .spawn()
            .expect("aiosmtpd is installed: ./check installs it (python3-aiosmtpd)");
        wait_until("the mail server answers", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self {
            server,
            port,
            folder,
        }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What lies in the folder.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        let delivered = std::fs::read_dir(self.folder.path().join("mails/new")).unwrap();
        delivered
            .map(|entry| {
                let raw = std::fs::read_to_string(entry.unwrap().path()).unwrap();
                let mut mail = ReceivedMail {
                    to: String::new(),
                    raw,
                };
                mail.to = mail.header("X-RcptTo").unwrap().to_owned();
                mail
            })
            .collect()
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn talk(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let is_shut = *state.mood.lock().unwrap() == Mood::Shut;
    out.write_all(if is_shut {
        b"554 no mail service here\r\n"
    } else {
        b"220 sink\r\n"
    })?;
    let (mut to, mut mood) = (String::new(), Mood::Accepts);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 || *state.mood.lock().unwrap() == Mood::Away {
            return Ok(());
        }
        let command = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match command.as_str() {
            "EHLO" => "250-sink\r\n250 8BITMIME\r\n",
            "MAIL" if *state.mood.lock().unwrap() == Mood::RefusesSender => {
                "553 5.1.8 the sender is not known here\r\n"
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                mood = state.mood_for(&to);
                match mood {
                    Mood::Busy => "451 try again later\r\n",
                    Mood::Refuses => "550 nobody here\r\n",
                    Mood::Away | Mood::Shut | Mood::RefusesSender => return Ok(()),
                    // The client loses its patience and goes.
                    Mood::Stalls => return lines.read_line(&mut line).map(drop),
                    Mood::Accepts | Mood::KeepsAndCuts | Mood::KeepsAndHangs => "250 ok\r\n",
                }
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut raw = String::new();
                while !raw.ends_with("\r\n.\r\n") && lines.read_line(&mut raw)? > 0 {}
                let to = to.clone();
                state.mails.lock().unwrap().push(ReceivedMail { to, raw });
                match mood {
                    Mood::KeepsAndCuts => return Ok(()),
                    Mood::KeepsAndHangs => return lines.read_line(&mut line).map(drop),
                    _ => {}
                }
                "250 kept\r\n"
            }
            "QUIT" => {
                return out.write_all(b"221 bye\r\n");
            }
            _ => "250 ok\r\n",
        };
        out.write_all(answer.as_bytes())?;
    }
}
