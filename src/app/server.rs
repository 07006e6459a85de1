//! The web server: limits, middleware and routes.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tracing_actix_web::TracingLogger;

use super::{Services, admin, api, feeds, health, help, home, places, schedule, search, system};
use crate::auth::Navigation;
use crate::bus::Horizon;
use crate::platform::error::{AppError, AppResult};
use crate::platform::reports::Reports;
use crate::platform::web::api::revalidation;
use crate::platform::web::{self, Door, Lines, Streams, WebSettings};
use crate::platform::workers::Board;
use crate::tasks::{Purse, PurseSource};
use crate::{accounting, analytics, auth, operations, tasks};

/// A server that has its address but does not answer yet.
pub struct Bound {
    server: Server,
    streams: Streams,
    horizon: Horizon,
    lines: Lines,
    /// The address it listens on; the port is real even when the setting says 0.
    pub address: SocketAddr,
}

impl Bound {
    /// Answers requests until it is told to stop.
    ///
    /// # Errors
    /// Those of the sockets.
    pub async fn run(self) -> std::io::Result<()> {
        // The server waits for its connections when it is told to stop; a stream would keep it waiting.
        let (streams, horizon, lines) = (
            self.streams.clone(),
            self.horizon.clone(),
            self.lines.clone(),
        );
        let ends_streams = actix_web::rt::spawn(async move {
            super::wait_for_stop().await;
            lines.close();
            streams.close();
            horizon.close();
        });
        let watches = actix_web::rt::spawn(self.lines.watch());
        let outcome = self.server.await;
        watches.abort();
        ends_streams.abort();
        outcome
    }

    /// A handle to stop it.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }
}

/// Takes the address to listen on.
///
/// # Errors
/// One line that names the address when it cannot be had.
pub fn listen(wanted: SocketAddr) -> AppResult<TcpListener> {
    TcpListener::bind(wanted).map_err(|error| {
        AppError::internal(format!(
            "cannot listen on {wanted}: {error}; choose another with ATES_BIND"
        ))
    })
}

/// Takes the address and prepares the server.
///
/// # Errors
/// One line that names the address when it cannot be had.
pub fn bind(services: &Services, board: Board) -> AppResult<Bound> {
    let listener = listen(services.config.bind)?;
    services.db.watch_primary()?;
    let address = listener
        .local_addr()
        .map_err(|error| AppError::Internal(Box::new(error)))?;
    let db = Data::new(services.db.clone());
    let config = Data::from(std::sync::Arc::clone(&services.config));
    let mailer = Data::new(services.mailer.clone());
    let settings = Data::new(WebSettings::new(&services.config, services.demo));
    let navigation = Data::new(navigation());
    let board = Data::new(board);
    let roster = Data::new(services.roster());
    let keys = Data::new(auth::TokenKeys::default());
    let recognised = Data::new(auth::Recognised::new(&services.config));
    let setup = Data::new(auth::Setup::new(&services.config));
    let gate = Data::new(auth::PasswordGate::limited_to(services.config.login_limit));
    let provider = Data::new(auth::CompanyProvider::new(&services.config));
    let streams = Streams::new(services.config.live_streams);
    let live = Data::new(streams.clone());
    let horizon = Horizon::new(&services.db, services.config.feed_readers);
    let feed = Data::new(horizon.clone());
    let feed_door = Data::new(auth::FeedDoor::default());
    let purse = Data::new(purse_source());
    let runner = Data::new(schedule::Runner::new(services));
    let reports = Data::new(Reports::new(services.config.report_cache));
    let search_pace = Data::new(search::pace());
    let door = Data::new(Door::new(
        services.config.requests_at_once,
        services.config.requests_waiting,
        services.config.pool_wait,
    ));
    let lines = Lines::default();
    let coming = lines.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(door.clone())
            .app_data(db.clone())
            .app_data(config.clone())
            .app_data(mailer.clone())
            .app_data(settings.clone())
            .app_data(navigation.clone())
            .app_data(board.clone())
            .app_data(roster.clone())
            .app_data(setup.clone())
            .app_data(gate.clone())
            .app_data(keys.clone())
            .app_data(recognised.clone())
            .app_data(provider.clone())
            .app_data(live.clone())
            .app_data(feed.clone())
            .app_data(purse.clone())
            .app_data(runner.clone())
            .app_data(reports.clone())
            .app_data(search_pace.clone())
            .app_data(feed_door.clone())
            .configure(web::configure)
            .configure(health::configure)
            .configure(home::configure)
            .configure(admin::configure)
            .configure(search::configure)
            .configure(help::configure)
            .configure(schedule::configure)
            .configure(system::configure)
            .configure(feeds::configure)
            .configure(auth::configure)
            .configure(tasks::configure)
            .configure(accounting::configure)
            .configure(analytics::configure)
            .configure(operations::configure)
            .configure(api::configure)
            .wrap(from_fn(api::strict_queries))
            .wrap(from_fn(revalidation))
            .wrap(Compress::default())
            .wrap(from_fn(web::request_key))
            .wrap(from_fn(web::refuse_changes))
            .wrap(from_fn(auth::session))
            .wrap(from_fn(web::read_own_writes))
            .wrap(from_fn(web::admission))
            .wrap(from_fn(web::fetch_guard))
            .wrap(from_fn(web::https_only))
            .wrap(from_fn(web::errors))
            .wrap(from_fn(web::security_headers))
            .wrap(TracingLogger::<web::RequestSpan>::new())
            .wrap(from_fn(web::line_in_use))
    })
    .on_connect(move |connection, extensions| coming.opened(connection, extensions))
    .workers(2)
    .max_connections(2_000)
    // What is sent in pieces does not wait for the other side to have said that it got the piece before.
    .tcp_nodelay(true)
    .keep_alive(Duration::from_secs(5))
    .client_request_timeout(Duration::from_secs(5))
    .shutdown_timeout(12)
    .listen(listener)
    .map_err(|error| AppError::Internal(Box::new(error)))?
    .run();
    Ok(Bound {
        server,
        streams,
        horizon,
        lines,
        address,
    })
}

/// The places of the navigation, in the order they are shown; the rest stands in the admin section.
fn navigation() -> Navigation {
    let parts = [tasks::NAV, accounting::NAV, analytics::NAV, admin::NAV];
    Navigation::new(parts.concat())
        .with_section(admin::places())
        .with_leaps(places::leaps())
}

/// Accounting's figures for the page of one's tasks: the two modules do not know one another.
fn purse_source() -> PurseSource {
    PurseSource {
        role: accounting::ROLE,
        look: |conn, actor, today| {
            let figures = accounting::show_own_figures(conn, actor, today)?;
            Ok(Purse {
                balance: figures.balance,
                earned_today: figures.earned_today,
            })
        },
    }
}
