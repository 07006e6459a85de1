//! What operators put in front, run with the very files of `ops/`: HAProxy and nginx.

mod cases;
mod files;
mod tap;
mod wire;

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::endurance::free_port;
use crate::support::{Api, wait_until};

/// A program that the distribution puts where only root looks.
pub fn program(name: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin"));
    command
}

/// A proxy in front of two addresses, `host:port` each; it ends with the test.
pub struct Front {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Front {
    /// HAProxy, with `ops/haproxy/haproxy.cfg` as it is.
    pub fn haproxy(one: &str, two: &str) -> Self {
        Self::start("haproxy", |command, _, port| {
            command
                .args(["-db", "-f"])
                .arg(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/ops/haproxy/haproxy.cfg"
                ))
                .env("ATES_FRONT", format!("127.0.0.1:{port}"))
                .env("ATES_FRONT_PLAIN", format!("127.0.0.1:{}", free_port()))
                .env("ATES_ONE", one)
                .env("ATES_TWO", two);
        })
    }

    /// nginx, with `ops/nginx/ates.conf` but for its addresses and its certificate.
    pub fn nginx(one: &str, two: &str) -> Self {
        Self::start("nginx", |command, folder, port| {
            let place = folder.path().display();
            let text = files::nginx_at(port, one, two);
            let whole = format!(
                "user root; daemon off; worker_processes 1; pid {place}/pid; error_log {place}/log;
                 events {{ worker_connections 512; }}
                 http {{
                   access_log off; client_body_temp_path {place}/1; proxy_temp_path {place}/2; fastcgi_temp_path {place}/3;
                   uwsgi_temp_path {place}/4; scgi_temp_path {place}/5;
                   {text}
                 }}"
            );
            let file = folder.path().join("nginx.conf");
            std::fs::write(&file, whole).unwrap();
            command.arg("-p").arg(folder.path()).arg("-c").arg(file);
            command.arg("-e").arg(folder.path().join("log"));
        })
    }

    fn start(name: &'static str, arrange: impl FnOnce(&mut Command, &TempDir, u16)) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut command = program(name);
        arrange(&mut command, &folder, port);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|_| panic!("{name} does not start: ./check installs it"));
        let front = Self {
            child,
            port,
            folder,
        };
        let api = Api::anonymous(front.base());
        wait_until(&format!("{name} lets somebody through"), || {
            api.try_get("/health/live") == Some(200)
        });
        front
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.host())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Asked to end, nginx ends its workers too.
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
        drop(self.child.wait());
        if std::thread::panicking()
            && let Ok(log) = std::fs::read_to_string(self.folder.path().join("log"))
        {
            eprintln!("{log}");
        }
    }
}
