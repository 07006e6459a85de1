//! Auth's SQL: users with their roles and grants, sessions, failures, keys.

mod api_tokens;
mod beaks;
mod challenges;
mod changes;
mod factors;
mod failures;
mod feeds;
mod history;
mod keys;
mod links;
mod mails;
mod passkeys;
mod provider;
mod refresh;
mod registrations;
mod reset_requests;
mod sessions;
mod setup;
mod throttles;
mod users;

pub(super) use api_tokens::{
    ApiTokenRow, NewApiToken, find_api_token_user, insert_api_token, list_api_tokens,
    revoke_api_token, revoke_api_tokens_of,
};
pub(super) use beaks::{BeakRow, delete_beak, find_beak, is_beak_taken, replace_beak, touch_beak};
pub(super) use challenges::{
    ChallengeRow, GUESSES, NewChallenge, count_guess, delete_challenge, delete_expired_challenges,
    find_challenge, insert_challenge,
};
pub(super) use changes::{
    Display, NewUser, insert_users, replace_permissions, replace_roles, update_deactivated,
    update_default_filter, update_display, update_language, update_password, update_user,
};
pub(super) use factors::{
    FactorsRow, confirm_totp, delete_totp, find_factors, find_totp, replace_pending_totp,
    replace_recovery_codes, take_recovery_code, take_totp_step,
};
pub(super) use failures::{count_failure, release_attempt, reserve_attempt};
pub use feeds::FeedRow;
pub(super) use feeds::{delete_feed, delete_feeds_of, find_feed_user, list_feeds, replace_feed};
pub(super) use history::{AccountAct, list_account_acts};
pub(super) use keys::{
    StoredKey, delete_keys_retired_before, insert_key, list_keys, lock_keys, retire_keys_before,
    secret_or_insert,
};
pub(super) use links::{
    Purpose, delete_expired_links, find_link, insert_mail_link, use_link, use_up_links_of,
};
pub(super) use mails::{
    ClaimedMail, MAIL_WAITS, MailRow, NewMail, claim_mails, count_listed_mails, delete_old_mails,
    expire_mails, find_mail, find_mail_row, insert_mail, list_mails, postpone_mails, release_mails,
    update_mail_failed, update_mail_sent, update_mail_waiting,
};
pub use mails::{MailCounts, count_mails};
pub(super) use passkeys::{
    PasskeyRow, delete_expired_ceremonies, delete_passkey, delete_passkeys_of, insert_ceremony,
    insert_passkey, list_passkeys, lock_passkey, take_ceremony, update_passkey_used,
};
pub(super) use provider::{
    VisitKey, VisitRow, delete_expired_visits, find_linked_user, insert_link, insert_visit,
    take_visit,
};
pub(super) use refresh::{
    NewFamily, NewRefreshToken, delete_expired_families, find_token_user, insert_family,
    insert_refresh_token, lock_refresh_token, revoke_families_of, revoke_family, update_exchanged,
    update_pair_used,
};
pub(super) use registrations::{
    Registration, delete_old_registrations, insert_registration, list_unanswered_registrations,
    take_registration, update_answered,
};
pub(super) use reset_requests::{
    ResetRequest, delete_reset_request, insert_reset_request, list_reset_requests,
};
pub(super) use sessions::{
    NewSession, SessionRow, confirm_session, delete_expired, delete_other_sessions, delete_session,
    delete_sessions_of, end_session_of, find_session, insert_session, list_sessions, renew_session,
    touch_session,
};
pub(super) use setup::{
    delete_expired_setup_codes, delete_setup_codes, has_administrator, insert_setup_code,
    is_setup_code,
};
pub(super) use throttles::{delete_spent_throttles, release_request, reserve_request};
pub use users::count_users;
pub(super) use users::{
    Credentials, UserFilter, UserRow, count_access_changes, count_active_administrators,
    count_listed_users, find_credentials, find_taken, find_user, find_user_by_email,
    find_user_by_username, list_roles, list_users, lock_user, lock_users,
};
