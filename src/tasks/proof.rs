//! The proof of a draw: a run is recomputed from its seed and from who could be drawn, and compared with what was recorded.

use std::collections::HashMap;

use uuid::Uuid;

use super::draw::{Seed, commitment_of, digest_of, draw};
use crate::platform::ids::{TaskId, UserId};

/// A part of a run that drew from one list of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its number in the run, from 1.
    pub number: i32,
    /// The task after which it begins; it is not part of it.
    pub after: TaskId,
    /// Its last task.
    pub last: TaskId,
    /// How many tasks it gave away.
    pub tasks: usize,
    /// The digest of the people it drew from.
    pub candidates: Vec<u8>,
}

/// An assignment as the journal has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The task.
    pub task: TaskId,
    /// Who had it before.
    pub from: Option<UserId>,
    /// Who got it.
    pub to: UserId,
}

/// All that is recorded of a finished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The run.
    pub run: Uuid,
    /// Its number, as people see it.
    pub number: i64,
    /// The seed.
    pub seed: Seed,
    /// What was shown of the seed at the press.
    pub commitment: Vec<u8>,
    /// The chunks, in order.
    pub chunks: Vec<Chunk>,
    /// The lists of people, by digest.
    pub candidates: HashMap<Vec<u8>, Vec<UserId>>,
    /// The assignments, by task.
    pub drawn: Vec<Drawn>,
}

/// Something that is not as the seed says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfair {
    /// The seed is not the one that was meant at the press.
    OtherSeed,
    /// The people of a chunk are not those its digest names, or are not sorted.
    OtherPeople {
        /// The chunk.
        chunk: i32,
    },
    /// A chunk gave away more or fewer tasks than the journal has.
    OtherCount {
        /// The chunk.
        chunk: i32,
        /// Tasks that it gave away.
        recorded: usize,
        /// Tasks of the journal.
        found: usize,
    },
    /// A task went to somebody else than the draw says.
    OtherPerson {
        /// The task.
        task: TaskId,
        /// Who got it.
        recorded: UserId,
        /// Who was drawn.
        drawn: UserId,
    },
    /// A task was given away outside all recorded chunks: nobody can say among whom.
    Unrecorded {
        /// The task.
        task: TaskId,
    },
}

impl std::fmt::Display for Unfair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherSeed => f.write_str("the seed does not fit the commitment of the press"),
            Self::OtherPeople { chunk } => {
                write!(
                    f,
                    "chunk {chunk}: the recorded people do not fit their digest"
                )
            }
            Self::OtherCount {
                chunk,
                recorded,
                found,
            } => write!(
                f,
                "chunk {chunk}: {recorded} tasks were given away, the journal has {found}"
            ),
            Self::OtherPerson {
                task,
                recorded,
                drawn,
            } => write!(f, "task {task}: went to {recorded}, the draw says {drawn}"),
            Self::Unrecorded { task } => {
                write!(f, "task {task}: who could be drawn was not recorded")
            }
        }
    }
}

impl RunRecord {
    /// Draws everything anew; empty when each task went where the seed says.
    #[must_use]
    pub fn check(&self) -> Vec<Unfair> {
        let mut found = Vec::new();
        if commitment_of(&self.seed).as_slice() != self.commitment.as_slice() {
            found.push(Unfair::OtherSeed);
        }
        let mut rest = self.drawn.as_slice();
        for chunk in &self.chunks {
            let before = rest.partition_point(|one| one.task <= chunk.after);
            found.extend(unrecorded(&rest[..before]));
            let (own, behind) = rest[before..]
                .split_at(rest[before..].partition_point(|one| one.task <= chunk.last));
            self.check_chunk(chunk, own, &mut found);
            rest = behind;
        }
        found.extend(unrecorded(rest));
        found
    }

    /// The lists of people, in the order in which the run first drew from them.
    #[must_use]
    pub fn lists(&self) -> Vec<&[UserId]> {
        let people = |digest: &Vec<u8>| self.candidates.get(digest).map_or(&[][..], Vec::as_slice);
        self.digests().into_iter().map(people).collect()
    }

    /// For each assignment the number of its list in [`Self::lists`], from 1.
    #[must_use]
    pub fn lists_of_drawn(&self) -> Vec<Option<i64>> {
        let digests = self.digests();
        let number = |chunk: &Chunk| {
            let place = digests
                .iter()
                .position(|digest| **digest == chunk.candidates)?;
            i64::try_from(place + 1).ok()
        };
        let numbers: Vec<Option<i64>> = self.chunks.iter().map(number).collect();
        let list = |one: &Drawn| {
            let chunk = self.chunks.partition_point(|chunk| chunk.last < one.task);
            let begun = self
                .chunks
                .get(chunk)
                .is_some_and(|chunk| chunk.after < one.task);
            begun.then(|| numbers[chunk]).flatten()
        };
        self.drawn.iter().map(list).collect()
    }

    fn digests(&self) -> Vec<&Vec<u8>> {
        let mut digests: Vec<&Vec<u8>> = Vec::new();
        for chunk in &self.chunks {
            if !digests.contains(&&chunk.candidates) {
                digests.push(&chunk.candidates);
            }
        }
        digests
    }

    fn check_chunk(&self, chunk: &Chunk, own: &[Drawn], found: &mut Vec<Unfair>) {
        let people = self
            .candidates
            .get(&chunk.candidates)
            .map_or(&[][..], Vec::as_slice);
        if digest_of(people).as_slice() != chunk.candidates.as_slice() || !people.is_sorted() {
            found.push(Unfair::OtherPeople {
                chunk: chunk.number,
            });
        }
        if own.len() != chunk.tasks {
            found.push(Unfair::OtherCount {
                chunk: chunk.number,
                recorded: chunk.tasks,
                found: own.len(),
            });
        }
        for one in own {
            match draw(&self.seed, one.task, people) {
                Some(drawn) if drawn == one.to => {}
                Some(drawn) => found.push(Unfair::OtherPerson {
                    task: one.task,
                    recorded: one.to,
                    drawn,
                }),
                None => found.push(Unfair::Unrecorded { task: one.task }),
            }
        }
    }
}

fn unrecorded(drawn: &[Drawn]) -> impl Iterator<Item = Unfair> {
    drawn
        .iter()
        .map(|one| Unfair::Unrecorded { task: one.task })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(n: u128) -> TaskId {
        TaskId(Uuid::from_u128(n))
    }

    fn people(from: u128, to: u128) -> Vec<UserId> {
        (from..=to).map(|n| UserId(Uuid::from_u128(n))).collect()
    }

    /// Two chunks of ten; somebody joined in between.
    fn fair() -> RunRecord {
        let seed = [9; 32];
        let lists = [people(1, 4), people(1, 5)];
        let chunks =
            [(1, 0, 10), (2, 10, 20)].map(|(number, after, last): (i32, u128, u128)| Chunk {
                number,
                after: task(after),
                last: task(last),
                tasks: 10,
                candidates: digest_of(&lists[usize::try_from(number).unwrap() - 1]).to_vec(),
            });
        let drawn = (1..=20).map(|n| Drawn {
            task: task(n),
            from: None,
            to: draw(&seed, task(n), &lists[usize::from(n > 10)]).unwrap(),
        });
        RunRecord {
            run: Uuid::nil(),
            number: 1,
            seed,
            commitment: commitment_of(&seed).to_vec(),
            drawn: drawn.collect(),
            candidates: lists
                .into_iter()
                .map(|list| (digest_of(&list).to_vec(), list))
                .collect(),
            chunks: chunks.to_vec(),
        }
    }

    #[test]
    fn a_fair_run_passes_also_when_people_join_between_its_chunks() {
        assert_eq!(fair().check(), []);
    }

    #[test]
    fn the_files_name_the_list_of_each_assignment() {
        let record = fair();
        assert_eq!(record.lists(), [people(1, 4), people(1, 5)]);
        let mut expected = vec![Some(1); 10];
        expected.extend([Some(2); 10]);
        assert_eq!(record.lists_of_drawn(), expected);
    }

    #[test]
    fn a_tampered_assignment_is_named_with_who_was_drawn() {
        let mut record = fair();
        let drawn = record.drawn[6].to;
        let other = people(1, 4).into_iter().find(|one| *one != drawn).unwrap();
        record.drawn[6].to = other;
        let expected = Unfair::OtherPerson {
            task: task(7),
            recorded: other,
            drawn,
        };
        assert_eq!(record.check(), [expected]);
    }

    #[test]
    fn another_seed_other_people_and_lost_or_added_tasks_are_found() {
        let mut record = fair();
        record.seed[0] = 1;
        assert_eq!(record.check()[0], Unfair::OtherSeed);

        let mut record = fair();
        for list in record.candidates.values_mut() {
            list.pop();
        }
        assert!(record.check().contains(&Unfair::OtherPeople { chunk: 2 }));

        let mut record = fair();
        record.drawn.remove(3);
        let count = Unfair::OtherCount {
            chunk: 1,
            recorded: 10,
            found: 9,
        };
        assert_eq!(record.check(), [count]);

        let mut record = fair();
        record.chunks.remove(0);
        assert_eq!(record.check().len(), 10);
        assert_eq!(record.check()[0], Unfair::Unrecorded { task: task(1) });
    }
}
