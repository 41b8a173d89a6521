//! What this process takes of its machine, where Linux says it; elsewhere nothing is told of it.
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fs;
use std::time::Duration;

/// In milliseconds. In `/proc` Linux counts time so, whatever its own clock does.
const TICK: u64 = 10;

pub fn tell(registry: &mut Registry) {
    if let Some(took) = processor_time() {
        registry.register(
            "process_cpu_seconds",
            "Processor time that this process has taken",
            ConstCounter::new(took.as_secs_f64()),
        );
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(kibibytes) = field(&status, "VmRSS:") {
        registry.register(
            "process_resident_memory_bytes",
            "Memory that this process has",
            ConstGauge::new(kibibytes * 1024),
        );
    }
    if let Some(threads) = field(&status, "Threads:") {
        registry.register(
            "process_threads",
            "Threads of this process",
            ConstGauge::new(threads),
        );
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        registry.register(
            "process_open_fds",
            "Files and sockets that this process has open",
            ConstGauge::new(open.count()),
        );
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// In the program and in the kernel for it. The fields are counted from behind the program's name, which
/// may hold anything.
fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(TICK * ticks))
}
