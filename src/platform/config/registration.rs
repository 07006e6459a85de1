//! The settings of self-registration.

use super::ConfigError;
use super::reader::Reader;

/// Roles that nobody is given a right by: what strangers may give themselves.
const ROLES: [&str; 3] = ["developer", "boss", "other"];

/// How people may register themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfRegistration {
    /// Domains of their addresses, in lower case; none: any.
    pub domains: Vec<String>,
    /// The name of the role that they get.
    pub role: String,
}

impl Reader<'_> {
    pub(super) fn self_registration(&self) -> Result<Option<SelfRegistration>, ConfigError> {
        let (flag, list, name) = (
            "ATES_SELF_REGISTRATION",
            "ATES_REGISTRATION_DOMAINS",
            "ATES_REGISTRATION_ROLE",
        );
        let role = self.values[name].clone();
        if !ROLES.contains(&role.as_str()) {
            return Err(self.invalid(name, format!("{role:?} is not one of {}", ROLES.join(", "))));
        }
        let domains: Vec<String> = self.values[list]
            .split(',')
            .map(|domain| domain.trim().to_lowercase())
            .filter(|domain| !domain.is_empty())
            .collect();
        let is_domain = |domain: &String| {
            domain.contains('.')
                && domain.split('.').all(|label| {
                    !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                })
        };
        if let Some(wrong) = domains.iter().find(|domain| !is_domain(domain)) {
            return Err(self.invalid(
                list,
                format!("{wrong:?} is not a domain such as company.example"),
            ));
        }
        Ok(self
            .flag(flag)?
            .then_some(SelfRegistration { domains, role }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    fn with(values: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
        Config::from_values(
            values
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn strangers_register_only_where_it_is_set_and_get_no_right_by_their_role() {
        assert_eq!(with(&[]).unwrap().self_registration, None);
        let config = with(&[
            ("ATES_SELF_REGISTRATION", "true"),
            (
                "ATES_REGISTRATION_DOMAINS",
                "UberPopug.example, popug.example",
            ),
        ]);
        let settings = config.unwrap().self_registration.unwrap();
        assert_eq!(settings.domains, ["uberpopug.example", "popug.example"]);
        assert_eq!(settings.role, "developer");
        for role in [
            "administrator",
            "manager",
            "accountant",
            "internalservice",
            "king",
        ] {
            assert!(with(&[("ATES_REGISTRATION_ROLE", role)]).is_err(), "{role}");
        }
        for domains in ["nodot", "a@b.example", ".example", "*.example"] {
            assert!(
                with(&[("ATES_REGISTRATION_DOMAINS", domains)]).is_err(),
                "{domains}"
            );
        }
    }
}
