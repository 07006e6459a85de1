use uuid::Uuid;

use super::*;
use crate::auth::permission::Permission;

fn actor(roles: &str, granted: &str) -> Actor {
    let roles = RoleSet::parse(roles).unwrap();
    let permissions = roles
        .default_permissions()
        .union(&PermissionSet::parse(granted).unwrap());
    Actor {
        id: UserId(Uuid::nil()),
        name: "Kesha".into(),
        roles,
        permissions,
        limits: None,
    }
}

#[test]
fn a15_the_file_has_every_operation_and_every_cell_is_understood() {
    assert_eq!(rows().len(), Operation::ALL.len());
    assert!(table::read("row,operation,object,AN\n").is_err());
    let file = include_str!("../access.csv");
    assert!(table::read(&file.replace("p:can_see_analytics", "p:can_fly")).is_err());
    assert!(table::read(&file.replace("own_money", "others_money")).is_err());
    assert!(table::read(&file.replace("M17,run_payouts,,-,", "M17,run_payouts,,")).is_err());
}

#[test]
fn a15_every_operation_is_answered_for_every_role_as_the_table_says() {
    for row in rows() {
        for role in Role::ALL {
            let without = actor(role.as_str(), "");
            let with = actor(
                role.as_str(),
                "can_see_all_tasks;can_reassign_tasks;can_see_company_money;can_run_payouts;can_see_analytics;can_manage_users;can_operate",
            );
            let (expected, granted) = match row.cell(Column::Role(role)) {
                Cell::No => (None, None),
                Cell::Yes => (Some(Scope::Any), Some(Scope::Any)),
                Cell::Own => (Some(Scope::Own), Some(Scope::Own)),
                Cell::With(permission) => {
                    assert!(
                        !role.default_permissions().contains(permission),
                        "{role} has {permission} anyway"
                    );
                    (None, Some(Scope::Any))
                }
            };
            let name = row.operation.as_str();
            assert_eq!(without.allow(row.operation).ok(), expected, "{role} {name}");
            assert_eq!(
                with.allow(row.operation).ok(),
                granted,
                "{role} with all grants {name}"
            );
            assert_eq!(
                without.may(row.operation),
                expected.is_some(),
                "{role} {name}"
            );
        }
    }
}

#[test]
fn a13_several_roles_have_the_union() {
    let both = actor("manager;accountant", "");
    assert!(both.may(Operation::Shuffle) && both.may(Operation::CompanyTransfers));
    assert_eq!(both.allow(Operation::EditTask).ok(), Some(Scope::Any));
    assert!(!both.may(Operation::ManageUsers));
}

#[test]
fn a14_a_grant_opens_only_its_own_operations() {
    let analyst = actor("developer", "can_see_analytics");
    assert_eq!(analyst.allow(Operation::Analytics).ok(), Some(Scope::Any));
    assert!(!analyst.may(Operation::CompanyEarnings));
    assert!(
        actor("developer", "can_see_analytics")
            .permissions
            .contains(Permission::CanSeeAnalytics)
    );
}

#[test]
fn a23_an_outsider_may_only_log_in_read_the_public_keys_and_ask_for_a_new_password() {
    let open: Vec<&str> = Operation::ALL
        .into_iter()
        .filter(|operation| anonymous_may(*operation))
        .map(Operation::as_str)
        .collect();
    assert_eq!(open, ["log_in", "public_keys", "reset_password"]);
}

#[test]
fn a22_only_a_pure_internalservice_is_a_machine() {
    assert!(actor("internalservice", "").is_service());
    assert!(!actor("internalservice;developer", "").is_service());
    let service = actor("internalservice", "");
    let may: Vec<&str> = Operation::ALL
        .into_iter()
        .filter(|op| service.may(*op))
        .map(Operation::as_str)
        .collect();
    assert_eq!(
        may,
        [
            "log_in",
            "own_sessions",
            "public_keys",
            "payouts",
            "run_payouts",
            "event_feed",
            "api_document"
        ]
    );
}

#[test]
fn d03_nobody_completes_what_is_not_his() {
    for role in Role::ALL {
        assert_ne!(
            actor(role.as_str(), "").allow(Operation::CompleteTask).ok(),
            Some(Scope::Any)
        );
    }
}
