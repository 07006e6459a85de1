//! The mail server of the self-test: it listens on loopback, takes every mail, and sends none on.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long it waits for a client's next line.
const PATIENCE: Duration = Duration::from_secs(10);

/// What it has been given so far.
#[derive(Clone, Default)]
pub(super) struct Postbox {
    message_ids: Arc<Mutex<Vec<String>>>,
    port: u16,
}

impl Postbox {
    /// Listens on a free port until the process ends.
    pub fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let postbox = Self {
            port: listener.local_addr()?.port(),
            ..Self::default()
        };
        let taking = postbox.clone();
        std::thread::Builder::new()
            .name("postbox".into())
            .spawn(move || {
                for client in listener.incoming().flatten() {
                    // Whoever breaks off has delivered nothing; the mail worker sees that itself.
                    drop(taking.serve(client));
                }
            })?;
        Ok(postbox)
    }

    /// Its address for the mailer.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The Message-IDs of the mails that came, in their order.
    pub fn message_ids(&self) -> Vec<String> {
        self.message_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        client.set_read_timeout(Some(PATIENCE))?;
        client.set_nodelay(true)?;
        let mut out = client.try_clone()?;
        out.write_all(b"220 self-test\r\n")?;
        let mut lines = BufReader::new(client).lines();
        while let Some(line) = lines.next().transpose()? {
            let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match word.as_str() {
                "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    self.take(&mut lines)?;
                    "250 taken\r\n"
                }
                "QUIT" => {
                    return out.write_all(b"221 bye\r\n");
                }
                _ => "250 ok\r\n",
            };
            out.write_all(answer.as_bytes())?;
        }
        Ok(())
    }

    /// One mail, up to the lonely dot.
    fn take(
        &self,
        lines: &mut impl Iterator<Item = std::io::Result<String>>,
    ) -> std::io::Result<()> {
        let mut id = None;
        for line in lines {
            let line = line?;
            if line == "." {
                break;
            }
            if id.is_none() {
                id = line.strip_prefix("Message-ID: ").map(ToOwned::to_owned);
            }
        }
        self.message_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(id.unwrap_or_default());
        Ok(())
    }
}
