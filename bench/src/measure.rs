//! What something costs in CPU time, beside something else in the same run.
//!
//! Cases take turns, so that a disturbance of the machine falls on all of them; the thread's CPU time is counted, so that
//! waiting for a core is not. Holds no state between measurements.

use anyhow::{Result, ensure};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Turns each case gets.
const ROUNDS: usize = 31;
/// Turns of a case that is prepared each time: a turn is one run, so there are more of them.
const PREPARED_ROUNDS: usize = 401;
/// Length of one turn: long against the clock's own cost, short against a disturbance.
const TURN: Duration = Duration::from_millis(4);

/// One contender; a run of it does the operation `operations` times.
pub struct Case<'a> {
    pub name: String,
    pub operations: u32,
    pub run: Box<dyn FnMut() -> Result<()> + 'a>,
}

/// CPU time of one operation.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cost {
    pub median_ns: f64,
    pub best_ns: f64,
}

impl<'a> Case<'a> {
    pub fn new(name: impl Into<String>, operations: u32, run: impl FnMut() -> Result<()> + 'a) -> Self {
        Self { name: name.into(), operations, run: Box::new(run) }
    }
}

/// Costs of the cases, in their order.
pub fn compare(cases: &mut [Case<'_>]) -> Result<Vec<Cost>> {
    let mut repeats = Vec::with_capacity(cases.len());
    for case in cases.iter_mut() {
        repeats.push(runs_per_turn(case)?);
    }
    let mut turns = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for ((case, turns), &repeats) in cases.iter_mut().zip(&mut turns).zip(&repeats) {
            let spent = time(case, repeats)?;
            turns.push(nanos(spent) / (f64::from(repeats) * f64::from(case.operations)));
        }
    }
    Ok(turns.iter().map(|turns| cost_of(turns)).collect())
}

/// Cost of an operation that needs something made ready before each turn, which is not counted.
pub fn after_preparation(
    operations: u32,
    mut prepare: impl FnMut() -> Result<()>,
    mut run: impl FnMut() -> Result<()>,
) -> Result<Cost> {
    let mut turns = Vec::with_capacity(PREPARED_ROUNDS);
    for _ in 0..PREPARED_ROUNDS {
        prepare()?;
        let before = thread_cpu_time()?;
        run()?;
        turns.push(nanos(thread_cpu_time()?.saturating_sub(before)) / f64::from(operations));
    }
    Ok(cost_of(&turns))
}

/// CPU time this thread has used.
pub fn thread_cpu_time() -> Result<Duration> {
    let spent: Duration = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into();
    Ok(spent)
}

/// Doubles until a turn is long enough, which warms caches and branch predictors too.
fn runs_per_turn(case: &mut Case<'_>) -> Result<u32> {
    let mut repeats = 1;
    while time(case, repeats)? < TURN {
        ensure!(repeats < 1 << 30, "{} costs nothing: the compiler removed it", case.name);
        repeats *= 2;
    }
    Ok(repeats)
}

fn time(case: &mut Case<'_>, repeats: u32) -> Result<Duration> {
    let before = thread_cpu_time()?;
    for _ in 0..repeats {
        (case.run)()?;
    }
    Ok(thread_cpu_time()?.saturating_sub(before))
}

fn cost_of(turns: &[f64]) -> Cost {
    Cost { median_ns: quantile(turns, 0.5), best_ns: quantile(turns, 0.0) }
}

/// Of values in any order; 0 is the least, 1 the greatest.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let position = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    values.get(position).copied().unwrap_or(f64::NAN)
}

fn nanos(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn twice_the_work_costs_about_twice_as_much() {
        let work = |rounds: u32| {
            move || {
                let sum = (0..black_box(rounds)).fold(0_u32, |sum, n| black_box(sum.wrapping_mul(31).wrapping_add(n)));
                black_box(sum);
                Ok(())
            }
        };
        let costs = compare(&mut [Case::new("one", 1, work(2_000)), Case::new("two", 1, work(4_000))]).unwrap();
        let ratio = costs[1].best_ns / costs[0].best_ns;
        assert!((1.5..2.5).contains(&ratio), "{ratio}");
    }
}
