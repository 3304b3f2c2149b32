//! What the state says of sources: who brought which commit from where (SRC-1), and what scanners found in it.

use std::collections::BTreeMap;

use hc_sources::sync::SourceResult;
use hc_state::{ScanRecord, ScanStatus, SourceRecord};

use crate::error::Result;
use crate::project::Project;
use crate::project::store::{self, PATIENCE};

/// Writes url, ref, commit, time, operator and run into the state. A source that is where it was keeps the record of the
/// run that brought it there.
///
/// # Errors
/// When the state cannot be read or written.
pub(super) fn synced(project: &Project, results: &[SourceResult], dropped: &[String]) -> Result<()> {
    let store = store::open(project)?;
    let state = store.read()?;
    let known = |name: &str| state.as_ref().and_then(|state| state.sources.get(name));
    let new: Vec<&SourceResult> =
        results.iter().filter(|result| is_new(result, known(&result.name))).collect();
    if new.is_empty() && !dropped.iter().any(|name| known(name).is_some()) {
        return Ok(());
    }
    let operator = store.options().operator.clone();
    store.with_exclusive_within(&project.run_id, PATIENCE, |locked| -> Result<()> {
        let known = &mut locked.state_mut().sources;
        for name in dropped {
            known.remove(name);
        }
        for result in new {
            let Ok(synced) = &result.outcome else { continue };
            let sha = synced.pin.sha.to_string();
            let former = known.remove(&result.name).filter(|former| former.sha == sha);
            let (scan_status, scans) =
                former.map_or_else(Default::default, |former| (former.scan_status, former.scans));
            let record = SourceRecord {
                at: project.now(),
                operator: operator.clone(),
                reference: result.reference.clone(),
                run_id: project.run_id.clone(),
                scan_status,
                scans,
                sha,
                url: result.url.clone(),
            };
            known.insert(result.name.clone(), record);
        }
        Ok(())
    })
}

/// Whether the state has to say something else of a source than it does.
fn is_new(result: &SourceResult, known: Option<&SourceRecord>) -> bool {
    match (&result.outcome, known) {
        (Err(_), _) => false,
        (Ok(_), None) => true,
        (Ok(synced), Some(record)) => {
            (record.sha.as_str(), &record.url, &record.reference)
                != (synced.pin.sha.as_str(), &result.url, &result.reference)
        }
    }
}

/// Writes what scanners said, by source and scanner, into the state. What was said of another commit is forgotten.
///
/// # Errors
/// When the state cannot be written.
pub(super) fn scanned(
    project: &Project,
    records: BTreeMap<String, BTreeMap<String, ScanRecord>>,
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let store = store::open(project)?;
    store.with_exclusive_within(&project.run_id, PATIENCE, |locked| -> Result<()> {
        for (name, scans) in records {
            if let Some(source) = locked.state_mut().sources.get_mut(&name) {
                source.scans.retain(|_, scan| scan.sha == source.sha);
                source.scans.extend(scans);
                let found = source.scans.values().any(|scan| scan.status == ScanStatus::Findings);
                source.scan_status = if found { ScanStatus::Findings } else { ScanStatus::Clean };
            }
        }
        Ok(())
    })
}
