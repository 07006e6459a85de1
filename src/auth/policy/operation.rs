//! Everything that somebody may be allowed to do, as the access table names it.

/// An operation: a row of the access table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Log in, by form or by API.
    LogIn,
    /// Log out; see and end one's own sessions.
    OwnSessions,
    /// Read the public keys and the health.
    PublicKeys,
    /// Ask for a link to a new password, and use it.
    ResetPassword,
    /// One's own record, password and language.
    OwnProfile,
    /// One's own tasks.
    OwnTasks,
    /// All tasks and who has them.
    AllTasks,
    /// One task with its journal.
    OneTask,
    /// Create a task.
    CreateTask,
    /// Change an open task's title, jira id and description.
    EditTask,
    /// Complete a task.
    CompleteTask,
    /// Shuffle the open tasks and see the run.
    Shuffle,
    /// One's own balance, log and statements.
    OwnMoney,
    /// The company's earnings today and by day, and its balance.
    CompanyEarnings,
    /// All transfers and any employee's log.
    CompanyTransfers,
    /// Payout runs and their lines.
    Payouts,
    /// Settle an overdue date.
    RunPayouts,
    /// Analytics.
    Analytics,
    /// Users, their roles, permissions and sessions.
    ManageUsers,
    /// Who triggered which money.
    MoneyAudit,
    /// See the corrections and ask for one.
    RequestCorrections,
    /// Confirm or reject a correction that somebody else asked for.
    ConfirmCorrections,
    /// Who did what to users and rights.
    SecurityAudit,
    /// Modules, consumers, dead letters, emergency stop.
    Operate,
    /// See the checks of the books.
    Checks,
    /// Read the events, for programs outside.
    EventFeed,
    /// The API's description and its viewer.
    ApiDocument,
}

impl Operation {
    /// Every operation, in the order of the table.
    pub const ALL: [Self; 27] = [
        Self::LogIn,
        Self::OwnSessions,
        Self::PublicKeys,
        Self::ResetPassword,
        Self::OwnProfile,
        Self::OwnTasks,
        Self::AllTasks,
        Self::OneTask,
        Self::CreateTask,
        Self::EditTask,
        Self::CompleteTask,
        Self::Shuffle,
        Self::OwnMoney,
        Self::CompanyEarnings,
        Self::CompanyTransfers,
        Self::Payouts,
        Self::RunPayouts,
        Self::Analytics,
        Self::ManageUsers,
        Self::MoneyAudit,
        Self::RequestCorrections,
        Self::ConfirmCorrections,
        Self::SecurityAudit,
        Self::Operate,
        Self::Checks,
        Self::EventFeed,
        Self::ApiDocument,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log_in",
            Self::OwnSessions => "own_sessions",
            Self::PublicKeys => "public_keys",
            Self::ResetPassword => "reset_password",
            Self::OwnProfile => "own_profile",
            Self::OwnTasks => "own_tasks",
            Self::AllTasks => "all_tasks",
            Self::OneTask => "one_task",
            Self::CreateTask => "create_task",
            Self::EditTask => "edit_task",
            Self::CompleteTask => "complete_task",
            Self::Shuffle => "shuffle",
            Self::OwnMoney => "own_money",
            Self::CompanyEarnings => "company_earnings",
            Self::CompanyTransfers => "company_transfers",
            Self::Payouts => "payouts",
            Self::RunPayouts => "run_payouts",
            Self::Analytics => "analytics",
            Self::ManageUsers => "manage_users",
            Self::MoneyAudit => "money_audit",
            Self::RequestCorrections => "request_corrections",
            Self::ConfirmCorrections => "confirm_corrections",
            Self::SecurityAudit => "security_audit",
            Self::Operate => "operate",
            Self::Checks => "checks",
            Self::EventFeed => "event_feed",
            Self::ApiDocument => "api_document",
        }
    }

    /// The operation of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.as_str() == name)
    }
}
