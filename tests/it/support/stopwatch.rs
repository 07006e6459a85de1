//! How long something took, without the time for which the whole machine stood still: nothing can be done in that.

use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// How often the machine is asked whether it goes on, and how late it may be on any day.
const BEAT: Duration = Duration::from_millis(20);
const LATE: Duration = Duration::from_millis(100);

static METRONOME: LazyLock<Mutex<Metronome>> = LazyLock::new(|| {
    std::thread::spawn(|| {
        loop {
            std::thread::park_timeout(BEAT);
            still();
        }
    });
    Mutex::new(Metronome {
        last: Instant::now(),
        still: Duration::ZERO,
    })
});

/// Somebody who does nothing but look at the clock.
struct Metronome {
    last: Instant,
    still: Duration,
}

impl Metronome {
    /// A look at the clock: whoever wanted to look much earlier was kept from it.
    fn look(&mut self, now: Instant) -> Duration {
        let gap = now.saturating_duration_since(self.last);
        if gap > BEAT + LATE {
            self.still += gap - BEAT;
        }
        self.last = self.last.max(now);
        self.still
    }
}

/// For how long the machine has stood still since somebody first asked.
fn still() -> Duration {
    METRONOME.lock().unwrap().look(Instant::now())
}

/// A stopwatch that runs.
pub struct Stopwatch {
    begun: Instant,
    still: Duration,
}

impl Stopwatch {
    /// Starts it.
    pub fn start() -> Self {
        Self {
            still: still(),
            begun: Instant::now(),
        }
    }

    /// What passed since.
    pub fn elapsed(&self) -> Duration {
        let still = still() - self.still;
        self.begun.elapsed().saturating_sub(still)
    }
}

#[test]
fn a_machine_that_stood_still_is_told_from_one_that_worked() {
    let begun = Instant::now();
    let mut metronome = Metronome {
        last: begun,
        still: Duration::ZERO,
    };
    let beats = (1..=50).map(|n| begun + (BEAT + LATE) * n);
    for beat in beats {
        assert_eq!(metronome.look(beat), Duration::ZERO, "a busy machine");
    }
    let stall = Duration::from_secs(5);
    let after = metronome.last + stall;
    assert_eq!(metronome.look(after), stall - BEAT);
    assert_eq!(metronome.look(after + BEAT), stall - BEAT, "once");
    assert_eq!(metronome.look(begun), stall - BEAT, "nor backwards");
}
