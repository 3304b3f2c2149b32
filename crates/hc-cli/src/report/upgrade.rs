//! `hybrid packer upgrade-check`.

use hc_core::ExitClass;
use hc_engine::outcome::upgrade::{Step, UpgradeReport};

use super::{Report, Style, table};

impl Report for UpgradeReport {
    const SCHEMA: &'static str = "cli-packer-upgrade-check";

    fn human(&self, style: &Style) -> String {
        let mut rows = Vec::new();
        for target in &self.targets {
            for step in &target.steps {
                let verdict = match (step.same, step.is_worse()) {
                    (true, _) => style.good("same"),
                    (false, true) => style.bad("worse"),
                    (false, false) => style.warn("differs"),
                };
                rows.push(vec![
                    target.builder.clone(),
                    step.name.clone(),
                    verdict,
                    step.from.clone(),
                    step.to.clone(),
                ]);
            }
        }
        let header = ["builder", "step", "verdict", &self.from, &self.to];
        let mut text = table::table(&header, rows, style);
        for target in &self.targets {
            for step in target.steps.iter().filter(|step| !step.same) {
                for (sign, lines) in [("-", &step.only_from), ("+", &step.only_to)] {
                    for line in lines.iter().take(20) {
                        text.push_str(&format!("  {} {}: {sign} {line}\n", target.builder, step.name));
                    }
                }
            }
        }
        text.push_str("\nsign-offs needed:\n");
        for sign_off in &self.sign_offs {
            text.push_str(&format!("  [ ] {sign_off}\n"));
        }
        text.push_str(&format!("\nwritten to {}; pin with `hybrid packer pin {}`\n", self.report, self.to));
        text
    }

    fn exit_code(&self) -> ExitClass {
        let worse = self.targets.iter().flat_map(|target| &target.steps).any(Step::is_worse);
        if worse { ExitClass::Invalid } else { ExitClass::Success }
    }
}
