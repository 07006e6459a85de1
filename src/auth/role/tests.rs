use super::*;

fn set(text: &str) -> RoleSet {
    RoleSet::parse(text).expect("the roles exist")
}

#[test]
fn every_role_has_one_name_in_text_and_json() {
    for role in Role::ALL {
        assert_eq!(role.to_string().parse(), Ok(role));
        let json = serde_json::to_value(role).expect("a name is json");
        assert_eq!(json, role.as_str());
    }
    assert_eq!(
        "Boss".parse::<Role>(),
        Err(RoleError::Unknown("Boss".into()))
    );
}

#[test]
fn a_role_set_is_sorted_and_never_empty() {
    let both = set("accountant; manager;accountant");
    assert_eq!(both.to_string(), "manager;accountant");
    let json = serde_json::to_string(&both).expect("names are json");
    assert_eq!(json, r#"["manager","accountant"]"#);
    assert_eq!(serde_json::from_str::<RoleSet>(&json).ok(), Some(both));
    assert!(serde_json::from_str::<RoleSet>("[]").is_err());
    assert!(serde_json::from_str::<RoleSet>(r#"["cat"]"#).is_err());
    assert_eq!(RoleSet::parse(" ; "), Err(RoleError::NoRole));
    assert!(matches!(RoleSet::parse("boss;cat"), Err(RoleError::Unknown(name)) if name == "cat"));
}

#[test]
fn t07_one_barring_role_keeps_out_of_the_draw() {
    for role in Role::ALL {
        let barred = ["administrator", "manager", "internalservice"].contains(&role.as_str());
        assert_eq!(RoleSet::from(role).is_assignable(), !barred, "{role}");
    }
    assert!(!set("developer;manager").is_assignable());
    assert!(set("boss;accountant;developer;other").is_assignable());
}

#[test]
fn the_strongest_role_stands_for_the_set() {
    let mut rest: Vec<Role> = Role::ALL.to_vec();
    let mut order = Vec::new();
    while let Ok(roles) = RoleSet::new(rest.clone()) {
        order.push(roles.strongest().as_str());
        rest.retain(|role| *role != roles.strongest());
    }
    assert_eq!(
        order.join(" > "),
        "administrator > manager > accountant > boss > developer > other > internalservice"
    );
}

#[test]
fn permissions_follow_the_table_and_add_up() {
    let names = |roles: &str| -> Vec<&'static str> {
        let permissions = set(roles).default_permissions();
        permissions.iter().map(Permission::as_str).collect()
    };
    assert_eq!(names("administrator").len(), 7);
    assert_eq!(
        names("manager"),
        ["can_see_all_tasks", "can_reassign_tasks"]
    );
    assert_eq!(names("accountant"), ["can_see_company_money"]);
    assert_eq!(names("internalservice"), ["can_run_payouts"]);
    assert!(names("developer;boss;other").is_empty());
    assert_eq!(names("manager;accountant").len(), 3);
}

#[test]
fn a12_the_roles_that_a_setting_may_name_are_those_of_people() {
    let people: Vec<&str> = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Internalservice)
        .map(Role::as_str)
        .collect();
    let mut named = crate::platform::config::HUMAN_ROLES.to_vec();
    named.sort_by_key(|name| people.iter().position(|role| role == name));
    assert_eq!(named, people);
}
