//! A year of 1,000 routines, seeded, and many short lives: at every look the plan equals what an independent model
//! says was due: nothing missing, nothing double, every skip with its true cause.
//!
//! `NIGHTSHIFT_YEAR_ROUTINES` and `NIGHTSHIFT_YEAR_LIVES` ask for more than the usual.

#[path = "year/model.rs"]
mod model;
#[path = "year/world.rs"]
mod world;
mod zones;

use proptest::prelude::*;
use std::collections::BTreeMap;
use world::World;

const SEED: u64 = 0x726f_7574;
/// The year is cut into worlds that can be lived side by side.
const PARTS: u64 = 4;
const ROUTINES: usize = 1_000;
const LIVES: u32 = 30;

fn wanted(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn live(part: u64) {
    let routines = wanted("NIGHTSHIFT_YEAR_ROUTINES", ROUTINES);
    let mut world = World::new(SEED + part, routines / PARTS as usize);
    world.live(365);
    println!("{} looks: {:#?}", world.looks, world.decided);
    let had = |part: &str| world.decided.keys().any(|name| name.contains(part));
    for wanted in [
        "Runs None",
        "Runs Some(Asleep)",
        "Runs Some(PoweredOff)",
        "Runs Some(SupervisorDown)",
        "Runs Some(ClockSet)",
        "Runs Some(ZoneChanged)",
        "Skipped(Superseded) Some(Asleep)",
        "Skipped(SupervisorDown) Some(PoweredOff)",
        "Skipped(TooLate) Some(Asleep)",
        "Skipped(Paused)",
        "Skipped(Disabled)",
    ] {
        assert!(had(wanted), "{wanted} never came: {:?}", world.decided);
    }
    assert!(!had("Overloaded"), "{:?}", world.decided);
    let all: u64 = BTreeMap::values(&world.decided).sum();
    assert!(all as usize > 200 * (routines / PARTS as usize), "{all}");
}

#[test]
fn a_year_of_the_first_routines() {
    live(0);
}

#[test]
fn a_year_of_the_second_routines() {
    live(1);
}

#[test]
fn a_year_of_the_third_routines() {
    live(2);
}

#[test]
fn a_year_of_the_fourth_routines() {
    live(3);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: wanted("NIGHTSHIFT_YEAR_LIVES", LIVES as usize) as u32,
        // A life is long; its seed is enough to look at it again.
        max_shrink_iters: 0,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn a_short_life_of_any_seed_is_what_the_model_says(seed: u64) {
        World::new(seed, 6).live(120);
    }
}
