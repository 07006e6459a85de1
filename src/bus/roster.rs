//! Who listens to what, as the code has it: the pages need it to tell "not for them" from "not yet".

use super::subscriber::Subscriber;

/// A subscriber of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, which is also that of its cursor.
    pub name: &'static str,
    /// The types of events it takes.
    pub types: &'static [&'static str],
    /// Whether a lost event of it is lost money.
    pub money: bool,
}

/// Every subscriber of the code.
#[derive(Clone, Debug, Default)]
pub struct Roster(Vec<Listener>);

impl Roster {
    /// The roster of these subscribers.
    #[must_use]
    pub fn of(subscribers: &[Box<dyn Subscriber>]) -> Self {
        let mut all: Vec<Listener> = subscribers
            .iter()
            .map(|subscriber| Listener {
                name: subscriber.name(),
                types: subscriber.types(),
                money: subscriber.money(),
            })
            .collect();
        all.sort_unstable_by_key(|listener| listener.name);
        Self(all)
    }

    /// The roster with one more, who is told by other means.
    #[must_use]
    pub fn with(mut self, listener: Listener) -> Self {
        self.0.push(listener);
        self.0.sort_unstable_by_key(|listener| listener.name);
        self
    }

    /// Everyone, by name.
    pub fn all(&self) -> impl Iterator<Item = Listener> + '_ {
        self.0.iter().copied()
    }

    /// Whether a subscriber of that name keeps money.
    #[must_use]
    pub fn is_money(&self, name: &str) -> bool {
        self.all()
            .any(|listener| listener.name == name && listener.money)
    }

    /// Those who take a type of event.
    pub fn of_type<'a>(&'a self, event_type: &'a str) -> impl Iterator<Item = Listener> + 'a {
        self.all()
            .filter(move |listener| listener.types.contains(&event_type))
    }
}
