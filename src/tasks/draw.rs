//! The draw: who gets a task. Pure, so that anybody can recompute a shuffle from its seed.

use sha2::{Digest, Sha256};

use crate::platform::ids::{TaskId, UserId};

/// What makes a draw random: 32 bytes from the operating system.
pub type Seed = [u8; 32];

/// Who of `candidates` gets `task`: each with the same chance, whoever has it now (T09, decision 12). `None` only when there is
/// nobody. The same seed, task and candidates always give the same person.
///
/// The index is SHA-256(seed, task) times the number of candidates, of which the upper half is kept: no candidate's share is
/// off by more than one in 2^64 / n.
#[must_use]
pub fn draw(seed: &Seed, task: TaskId, candidates: &[UserId]) -> Option<UserId> {
    let index = (u128::from(lot_of(seed, task)) * candidates.len() as u128) >> 64;
    candidates.get(usize::try_from(index).ok()?).copied()
}

/// The lot of a task: where among all candidates it falls, as a part of 2^64.
#[must_use]
pub fn lot_of(seed: &Seed, task: TaskId) -> u64 {
    let digest = Sha256::new()
        .chain_update(seed)
        .chain_update(task.0.as_bytes())
        .finalize();
    let mut head = [0_u8; 8];
    head.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(head)
}

/// The digest of a list of people: SHA-256 of their ids, 16 bytes each, in the given order.
#[must_use]
pub fn digest_of(people: &[UserId]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for person in people {
        digest.update(person.0.as_bytes());
    }
    digest.finalize().into()
}

/// What is shown of a seed before the run: its SHA-256, which tells nothing of it and fits no other.
#[must_use]
pub fn commitment_of(seed: &[u8]) -> [u8; 32] {
    Sha256::digest(seed).into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn people(count: u128) -> Vec<UserId> {
        (1..=count).map(|n| UserId(Uuid::from_u128(n))).collect()
    }

    fn task(n: u128) -> TaskId {
        TaskId(Uuid::from_u128(n << 64 | 7))
    }

    fn shares(seed: &Seed, draws: u128, candidates: &[UserId]) -> Vec<f64> {
        let mut shares = vec![0.0; candidates.len()];
        for n in 0..draws {
            let drawn = draw(seed, task(n), candidates).unwrap();
            let index = candidates
                .iter()
                .position(|person| *person == drawn)
                .unwrap();
            shares[index] += 1.0;
        }
        shares
    }

    fn chi_square(shares: &[f64]) -> f64 {
        let expected = shares.iter().sum::<f64>() / shares.len() as f64;
        shares
            .iter()
            .map(|share| (share - expected).powi(2) / expected)
            .sum()
    }

    #[test]
    fn t09_ten_thousand_draws_over_ten_are_uniform() {
        // 27.88 is the value that nine degrees of freedom pass with p = 0.001.
        for seed in [[0; 32], [7; 32], [255; 32]] {
            let found = chi_square(&shares(&seed, 10_000, &people(10)));
            assert!(found < 27.88, "chi-square {found} of seed {}", seed[0]);
        }
    }

    #[test]
    fn t09_one_press_never_puts_all_of_a_hundred_tasks_on_one() {
        for n in 0..100 {
            let most = shares(&[n; 32], 100, &people(10))
                .into_iter()
                .fold(0.0, f64::max);
            assert!(most < 40.0, "seed {n}: one of ten got {most} of 100");
        }
    }

    #[test]
    fn t09_the_same_task_is_drawn_anew_by_every_seed() {
        let drawn: Vec<f64> = {
            let candidates = people(10);
            let mut shares = vec![0.0; 10];
            for n in 0..1_000_u16 {
                let mut seed = [0; 32];
                seed[..2].copy_from_slice(&n.to_be_bytes());
                let person = draw(&seed, task(1), &candidates).unwrap();
                shares[candidates
                    .iter()
                    .position(|other| *other == person)
                    .unwrap()] += 1.0;
            }
            shares
        };
        assert!(chi_square(&drawn) < 27.88, "{drawn:?}");
    }

    #[test]
    fn a_draw_can_be_recomputed_and_nobody_is_drawn_from_nobody() {
        let candidates = people(60);
        assert_eq!(
            draw(&[3; 32], task(5), &candidates),
            draw(&[3; 32], task(5), &candidates)
        );
        assert_eq!(draw(&[3; 32], task(5), &[]), None);
        assert_eq!(
            draw(&[3; 32], task(5), &candidates[..1]),
            Some(candidates[0])
        );
    }
}
