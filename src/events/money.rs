//! What accounting tells about money. Amounts are minor units; those of transfers are signed from the employee's side.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Event;
use crate::platform::ids::TaskId;
use crate::platform::money::Money;

/// The kinds of transfer in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Charged at each assignment.
    AssignmentFee,
    /// Credited at completion.
    CompletionReward,
    /// Paid out at the end of the day.
    Payout,
    /// A correction.
    Adjustment,
}

impl TransferKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AssignmentFee,
        Self::CompletionReward,
        Self::Payout,
        Self::Adjustment,
    ];

    /// The word in the database, in the API and in events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssignmentFee => "assignment_fee",
            Self::CompletionReward => "completion_reward",
            Self::Payout => "payout",
            Self::Adjustment => "adjustment",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// `audit_log_record.created`: a transfer was booked (M32); about the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditLogRecordCreated {
    /// The transfer.
    pub transfer: Uuid,
    /// Its kind.
    pub kind: TransferKind,
    /// Its amount, signed from the employee's side.
    pub amount_minor: Money,
    /// The employee's balance after it.
    pub balance_minor: Money,
    /// The task it is about, if any.
    pub task: Option<TaskId>,
    /// The business date it is booked on.
    pub business_date: NaiveDate,
}

/// `payment_log_record.created`: somebody was paid for a business date (M31); about the employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentLogRecordCreated {
    /// The transfer of the payout.
    pub transfer: Uuid,
    /// The business date that was settled.
    pub business_date: NaiveDate,
    /// The sum, positive.
    pub amount_minor: Money,
}

/// `business_day.closed`: a business date was settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessDayClosed {
    /// The date.
    pub business_date: NaiveDate,
    /// Sum of the fees of the date, positive.
    pub fees_minor: Money,
    /// Sum of the rewards of the date, positive.
    pub rewards_minor: Money,
    /// Sum of the payouts, positive.
    pub paid_minor: Money,
    /// How many people were paid.
    pub people: i32,
    /// How many balances were below zero at the close (decision 25).
    pub negative_balances: i32,
}

impl Event for AuditLogRecordCreated {
    const TYPE: &'static str = "audit_log_record.created";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "money";
    const PRODUCER: &'static str = "accounting";
}

impl Event for PaymentLogRecordCreated {
    const TYPE: &'static str = "payment_log_record.created";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "money";
    const PRODUCER: &'static str = "accounting";
}

impl Event for BusinessDayClosed {
    const TYPE: &'static str = "business_day.closed";
    const VERSION: i16 = 1;
    const TOPIC: &'static str = "money";
    const PRODUCER: &'static str = "accounting";
}
