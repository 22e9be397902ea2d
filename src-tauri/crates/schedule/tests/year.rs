//! A year of 500 tasks, seeded: the machine sleeps and is restarted, supervisors are killed (also between a plan
//! and its commit), the clock is set, the user travels and talks to the sessions. Every run is checked
//! against what really happened in this world.

#[path = "year/ledger.rs"]
mod ledger;
#[path = "year/world.rs"]
mod world;
mod zones;

use world::World;

const SEED: u64 = 0x7965_6172;
/// Sessions are planned one by one, so the year is cut into worlds that can be lived side by side.
const TASKS_PER_WORLD: usize = 125;

fn live(part: u64) {
    let mut world = World::new(SEED + part, TASKS_PER_WORLD);
    world.live_a_year();
    world.check_the_end();
}

#[test]
fn a_year_of_the_first_tasks() {
    live(0);
}

#[test]
fn a_year_of_the_second_tasks() {
    live(1);
}

#[test]
fn a_year_of_the_third_tasks() {
    live(2);
}

#[test]
fn a_year_of_the_fourth_tasks() {
    live(3);
}
