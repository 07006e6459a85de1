//! The page as structs.

use askama::Template;
use i18n_embed_fl::fl;

use super::plan::{PLAN, Proposal};
use super::store::AlertView;
use crate::auth::{Actor, Operation};
use crate::platform::i18n;
use crate::platform::money::Money;
use crate::platform::web::Frame;

/// An alert with its words and the entry that it proposes.
pub(super) struct AlertRow {
    pub alert: AlertView,
    pub scenario: String,
    pub step: String,
    pub task_href: Option<String>,
    pub proposal: Option<ProposedEntry>,
}

/// A compensating entry (R17): its account, kind and amount, and where to ask for it.
pub(super) struct ProposedEntry {
    pub account: String,
    pub kind: String,
    /// Signed from the employee's side; none for the fee of a task that has no price yet.
    pub amount: Option<Money>,
    pub href: Option<String>,
}

impl AlertRow {
    /// An alert as this reader sees it.
    pub fn new(frame: &Frame, alert: AlertView, actor: &Actor) -> Self {
        let text = |id: &str| i18n::text_of(frame.lang, id, []);
        let known = |scenario: &str, step: &str| {
            PLAN.iter()
                .find(|known| known.scenario == scenario && known.step == step)
        };
        let step = known(&alert.scenario, &alert.step);
        let proposes = step.map_or(Proposal::Nothing, |step| step.proposes);
        let task = alert.task_id.filter(|_| actor.may(Operation::AllTasks));
        Self {
            scenario: step.map_or_else(
                || alert.scenario.clone(),
                |step| text(&format!("scenario-{}", step.scenario)),
            ),
            step: step.map_or_else(
                || alert.step.clone(),
                |step| text(&format!("step-{}-{}", step.scenario, step.step)),
            ),
            task_href: task.map(|task| format!("/tasks/{task}")),
            proposal: propose(frame, &alert, proposes, actor),
            alert,
        }
    }
}

fn propose(
    frame: &Frame,
    alert: &AlertView,
    proposal: Proposal,
    actor: &Actor,
) -> Option<ProposedEntry> {
    let text = |id: &str| i18n::text_of(frame.lang, id, []);
    let task = alert.task_id?;
    let (kind, href) = match proposal {
        Proposal::Nothing => return None,
        Proposal::Fee => (
            "proposal-fee",
            format!(
                "/accounting/corrections/missing?task={task}&assignment={}",
                alert.assignment_seq?
            ),
        ),
        Proposal::Reward => (
            "proposal-reward",
            format!("/accounting/corrections/missing?task={task}"),
        ),
        Proposal::Reverse => (
            "proposal-reverse",
            format!(
                "/accounting/corrections/new?transfer={}",
                alert.transfer_id?
            ),
        ),
    };
    let may_ask = alert.cleared_at.is_none() && actor.may(Operation::RequestCorrections);
    Some(ProposedEntry {
        account: alert.employee.clone().unwrap_or_default(),
        kind: text(kind),
        amount: alert.amount(proposal),
        href: may_ask.then_some(href),
    })
}

/// `/admin/scenarios`.
#[derive(Template)]
#[template(path = "operations/scenarios.html")]
pub(super) struct ScenariosPage {
    pub frame: Frame,
    pub open: Vec<AlertRow>,
    pub cleared: Vec<AlertRow>,
    pub count: i64,
    pub limit: u64,
}
