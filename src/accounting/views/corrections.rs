//! The pages of the corrections.

use askama::Template;
use i18n_embed_fl::fl;
use uuid::Uuid;

use super::{Choice, kind_text};
use crate::accounting::correction::{CorrectionKind, CorrectionState};
use crate::accounting::queries::{
    CorrectedTransfer, CorrectionView, EarlierCorrection, MissingView, MovementKind,
};
use crate::events::TransferKind;
use crate::platform::i18n::{self, Lang};
use crate::platform::web::{FiltersOn, FormErrors, Frame, Pager};

/// The corrections.
#[derive(Template)]
#[template(path = "accounting/corrections.html")]
pub(in crate::accounting) struct CorrectionsPage {
    pub frame: Frame,
    pub states: Vec<Choice>,
    pub rows: Vec<CorrectionRow>,
    pub on: FiltersOn,
    pub csv: String,
    pub xlsx: String,
    pub pager: Pager,
}

/// A correction with its words.
pub(in crate::accounting) struct CorrectionRow {
    pub view: CorrectionView,
    pub kind: String,
    pub state: String,
    pub chip: &'static str,
}

impl CorrectionRow {
    /// A correction in the reader's language.
    pub fn new(lang: Lang, view: CorrectionView) -> Self {
        let state = CorrectionState::parse(&view.state).unwrap_or(CorrectionState::Requested);
        Self {
            kind: correction_kind_text(lang, &view.kind),
            state: correction_state_text(lang, state),
            chip: match state {
                CorrectionState::Requested => "wait",
                CorrectionState::Confirmed => "ok",
                CorrectionState::Rejected => "bad",
                CorrectionState::Withdrawn => "neutral",
            },
            view,
        }
    }
}

/// One correction, with what the reader may do about it.
#[derive(Template)]
#[template(path = "accounting/correction.html")]
pub(in crate::accounting) struct CorrectionPage {
    pub frame: Frame,
    pub row: CorrectionRow,
    /// What else was made good for of the same transfer.
    pub earlier: Vec<EarlierCorrection>,
    pub may_decide: bool,
    pub may_withdraw: bool,
    pub sees_tasks: bool,
}

impl CorrectionPage {
    /// Whether it waits for a decision.
    fn is_open(&self) -> bool {
        self.row.view.state == CorrectionState::Requested.as_str()
    }
}

/// What stands in the fields of an adjustment.
#[derive(Clone, Debug, Default)]
pub(in crate::accounting) struct AdjustmentWords {
    pub employee: String,
    pub amount: String,
    pub reason: String,
    pub transfer: Option<Uuid>,
}

/// The form of an adjustment.
#[derive(Template)]
#[template(path = "accounting/correction_new.html")]
pub(in crate::accounting) struct AdjustmentPage {
    pub frame: Frame,
    pub words: AdjustmentWords,
    pub corrected: Option<CorrectedTransfer>,
    pub earlier: Vec<EarlierCorrection>,
    pub errors: FormErrors,
}

impl AdjustmentPage {
    /// The kind of the corrected transfer in words.
    fn kind_of(&self, transfer: &CorrectedTransfer) -> String {
        correction_kind_text(self.frame.lang, &transfer.kind)
    }
}

/// What a missing transfer is named by, as the form carries it.
#[derive(Clone, Debug, Default)]
pub(in crate::accounting) struct MissingWords {
    pub task: String,
    pub assignment: String,
    pub item: String,
    pub reason: String,
}

/// The form for a missing transfer, or for skipping a dead event.
#[derive(Template)]
#[template(path = "accounting/correction_missing.html")]
pub(in crate::accounting) struct MissingPage {
    pub frame: Frame,
    pub words: MissingWords,
    pub view: MissingView,
    pub errors: FormErrors,
}

impl MissingPage {
    fn kind_of(&self, kind: TransferKind) -> String {
        kind_text(self.frame.lang, MovementKind::Transfer(kind))
    }
}

/// The states to choose from, with «all» as the empty value.
pub(in crate::accounting) fn correction_state_choices(
    lang: Lang,
    chosen: Option<CorrectionState>,
) -> Vec<Choice> {
    let all = (
        "",
        i18n::text_of(lang, "correction-state-all", []),
        chosen.is_none(),
    );
    let some = CorrectionState::ALL.into_iter().map(|state| {
        (
            state.as_str(),
            correction_state_text(lang, state),
            chosen == Some(state),
        )
    });
    std::iter::once(all).chain(some).collect()
}

/// How a correction stands, in words.
pub(in crate::accounting) fn correction_state_text(lang: Lang, state: CorrectionState) -> String {
    let id = match state {
        CorrectionState::Requested => "correction-state-requested",
        CorrectionState::Confirmed => "correction-state-confirmed",
        CorrectionState::Rejected => "correction-state-rejected",
        CorrectionState::Withdrawn => "correction-state-withdrawn",
    };
    i18n::text_of(lang, id, [])
}

/// The kind of a transfer or of a correction in words.
fn correction_kind_text(lang: Lang, word: &str) -> String {
    match CorrectionKind::parse(word) {
        CorrectionKind::Adjustment => {
            kind_text(lang, MovementKind::Transfer(TransferKind::Adjustment))
        }
        CorrectionKind::Missing(kind) => kind_text(lang, MovementKind::Transfer(kind)),
        CorrectionKind::Nothing => i18n::text_of(lang, "correction-kind-none", []),
    }
}
