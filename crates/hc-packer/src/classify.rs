//! From packer's one exit code to the class of a failure, by rules over its error lines (PKR-4).

use std::fmt;

use hc_core::ExitClass;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::PackerError;
use crate::machine;
use crate::story::{FailureLines, Story, is_final};

/// Rules that say only that a step failed; what the step itself said may tell more.
const VAGUE: &[&str] = &["provisioner-exit"];
/// Longest evidence, in characters.
const MOST_EVIDENCE: usize = 500;

/// What kind of ending a run had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Class {
    /// It worked.
    Success,
    /// The network, a service or a lock: trying again can help.
    Transient,
    /// No room at the other side: trying again later can help.
    Capacity,
    /// Credentials were refused.
    Auth,
    /// Template, variables or scripts: it will fail again until something is edited.
    Config,
    /// A secret or retention rule was violated.
    Security,
    /// A request to stop ended it.
    Cancelled,
    /// No rule knows the message.
    Unknown,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Transient => "transient",
            Self::Capacity => "capacity",
            Self::Auth => "auth",
            Self::Config => "config",
            Self::Security => "security",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        })
    }
}

impl Class {
    /// How a build that failed like this ends for its caller (PKR-4).
    pub fn exit(self) -> ExitClass {
        match self {
            Self::Success => ExitClass::Success,
            Self::Transient | Self::Capacity => ExitClass::Infrastructure,
            Self::Security => ExitClass::Security,
            Self::Cancelled => ExitClass::Interrupted,
            // Never retried blindly: a second run of a broken build costs hours.
            Self::Auth | Self::Config | Self::Unknown => ExitClass::Invalid,
        }
    }

    /// Whether trying again without an edit can help.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Transient | Self::Capacity)
    }

    /// How much it tells of several that fit.
    pub(crate) fn weight(self) -> u8 {
        match self {
            Self::Security => 4,
            Self::Auth => 3,
            Self::Config => 2,
            Self::Transient | Self::Capacity => 1,
            Self::Success | Self::Cancelled | Self::Unknown => 0,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "transient" => Self::Transient,
            "capacity" => Self::Capacity,
            "auth" => Self::Auth,
            "config" => Self::Config,
            "security" => Self::Security,
            _ => return None,
        })
    }
}

/// Which lines of a failed build a rule reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scope {
    /// Those that say why packer failed. What scripts print is never among them, in good builds it speaks of timeouts and
    /// refused connections too.
    #[default]
    Final,
    /// The last lines of the provisioner or post-processor at which a source failed. They are read when packer itself says
    /// only that it failed.
    Provisioner,
}

/// A rule as data.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct RuleSpec {
    /// Name that results quote.
    pub id: String,
    /// Platform; all when absent.
    #[serde(default)]
    pub platform: Option<String>,
    /// Regular expression over one line.
    pub pattern: String,
    /// `transient`, `capacity`, `auth`, `config` or `security`.
    pub class: String,
    /// What the operator should do.
    #[serde(default)]
    pub hint: Option<String>,
    /// Which lines it reads.
    #[serde(default)]
    pub scope: Scope,
}

impl RuleSpec {
    /// A rule for all platforms over the lines that say why packer failed; the other fields may be set.
    pub fn new(id: impl Into<String>, pattern: impl Into<String>, class: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            platform: None,
            pattern: pattern.into(),
            class: class.into(),
            hint: None,
            scope: Scope::default(),
        }
    }
}

/// What was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// The class.
    pub class: Class,
    /// The rule that matched.
    pub rule: Option<String>,
    /// The line that it matched.
    pub evidence: Option<String>,
    /// What the operator should do.
    pub hint: Option<String>,
}

impl Verdict {
    /// A verdict that needs no rule.
    pub(crate) fn plain(class: Class, evidence: Option<String>, hint: Option<&str>) -> Self {
        Self { class, rule: None, evidence, hint: hint.map(str::to_owned) }
    }
}

#[derive(Debug)]
struct Rule {
    spec: RuleSpec,
    pattern: Regex,
    class: Class,
}

impl Rule {
    fn fits(&self, platform: &str, scope: Scope, line: &str) -> bool {
        self.spec.scope == scope
            && self.spec.platform.as_deref().is_none_or(|only| only == platform)
            && self.pattern.is_match(line)
    }

    fn verdict(&self, line: &str) -> Verdict {
        Verdict {
            class: self.class,
            rule: Some(self.spec.id.clone()),
            evidence: Some(line.chars().take(MOST_EVIDENCE).collect()),
            hint: self.spec.hint.clone(),
        }
    }
}

/// Compiled rules: the caller's first, then the built-in ones.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
struct RuleFile {
    rule: Vec<RuleSpec>,
}

impl Rules {
    /// The built-in rules alone.
    pub fn built_in() -> Self {
        Self::new(&[]).expect("the built-in rules compile, as a test shows")
    }

    /// Compiles `own` and the built-in rules.
    ///
    /// # Errors
    /// [`PackerError::RulePattern`] and [`PackerError::RuleClass`] for a rule of `own`.
    pub fn new(own: &[RuleSpec]) -> Result<Self, PackerError> {
        let built_in: RuleFile = toml::from_str(include_str!("rules.toml"))
            .expect("the built-in rules are part of the program, and a test reads them");
        own.iter().cloned().chain(built_in.rule).map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// Names of all rules, in the order in which they are tried.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.spec.id.as_str())
    }

    /// Recognises a failure by the lines that say why packer failed. The most telling class wins over the first line: a
    /// security finding, then what an edit must repair, then what a retry may cure.
    pub fn classify(&self, platform: &str, errors: &[String]) -> Verdict {
        self.recognise(platform, Scope::Final, errors)
            .unwrap_or_else(|| Verdict::plain(Class::Unknown, errors.last().cloned(), None))
    }

    /// Recognises a failure by all that it said: first by the lines that say why, then by what these go on to say, and
    /// where both leave it open, by the rules for what the failed step printed.
    pub fn classify_failure(&self, platform: &str, lines: &FailureLines) -> Verdict {
        let last = if lines.last.is_empty() { &lines.other } else { &lines.last };
        // Whatever else went wrong: nobody may be told to try again.
        let told = [(Scope::Final, last), (Scope::Final, &lines.details), (Scope::Provisioner, &lines.step)];
        let violation = told.into_iter().find_map(|(scope, lines)| self.violation(platform, scope, lines));
        if let Some(violation) = violation {
            return violation;
        }
        let found = self
            .recognise(platform, Scope::Final, last)
            .or_else(|| self.recognise(platform, Scope::Final, &lines.details));
        let is_open = |found: &Verdict| found.rule.as_deref().is_some_and(|rule| VAGUE.contains(&rule));
        if found.as_ref().is_none_or(is_open)
            && let Some(told) = self.recognise(platform, Scope::Provisioner, &lines.step)
        {
            return told;
        }
        found.unwrap_or_else(|| Verdict::plain(Class::Unknown, last.last().cloned(), None))
    }

    fn violation(&self, platform: &str, scope: Scope, lines: &[String]) -> Option<Verdict> {
        let mut rules = self.0.iter().filter(|rule| rule.class == Class::Security);
        rules.find_map(|rule| {
            lines.iter().find(|line| rule.fits(platform, scope, line)).map(|line| rule.verdict(line))
        })
    }

    fn recognise(&self, platform: &str, scope: Scope, lines: &[String]) -> Option<Verdict> {
        if let Some(violation) = self.violation(platform, scope, lines) {
            return Some(violation);
        }
        let mut best: Option<(u8, Verdict)> = None;
        for line in lines {
            let Some(rule) = self.0.iter().find(|rule| rule.fits(platform, scope, line)) else { continue };
            let weight = rule.class.weight();
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                best = Some((weight, rule.verdict(line)));
            }
        }
        best.map(|(_, verdict)| verdict)
    }
}

/// Classifies a whole log, raw machine-readable or as people see it, by the very rules and lines that decide about
/// retries. Of a log as people see it, only the lines that say why packer failed are read.
pub fn classify_text(rules: &Rules, platform: &str, log: &str) -> Verdict {
    let mut story = Story::default();
    let mut human = Vec::new();
    for line in log.lines() {
        match machine::parse(line) {
            Some(record) => story.record(&record, &mut |_| {}),
            None if is_final(line) => human.push(line.to_owned()),
            None => {}
        }
    }
    let mut lines = story.failure();
    lines.last.extend(human);
    rules.classify_failure(platform, &lines)
}

fn compile(spec: RuleSpec) -> Result<Rule, PackerError> {
    let pattern = Regex::new(&spec.pattern)
        .map_err(|source| PackerError::RulePattern { id: spec.id.clone(), source })?;
    let class = Class::parse(&spec.class)
        .ok_or_else(|| PackerError::RuleClass { id: spec.id.clone(), class: spec.class.clone() })?;
    Ok(Rule { spec, pattern, class })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(platform: &str, line: &str) -> Class {
        Rules::new(&[]).unwrap().classify(platform, &[line.to_owned()]).class
    }

    #[test]
    fn real_messages_have_their_class() {
        for (platform, line, expected) in [
            ("qemu", "Build 'qemu.base' errored after 5 minutes: Timeout waiting for SSH.", Class::Transient),
            ("vsphere", "Timeout waiting for WinRM.", Class::Transient),
            (
                "qemu",
                "Packer experienced an authentication error when trying to connect via SSH.",
                Class::Auth,
            ),
            ("vsphere", "Post \"https://vc/sdk\": EOF", Class::Transient),
            ("vsphere", "503 Service Unavailable", Class::Transient),
            ("file", "503 Service Unavailable", Class::Unknown),
            (
                "proxmox",
                "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout",
                Class::Transient,
            ),
            ("azure", "Code=\"AllocationFailed\"", Class::Capacity),
            ("azure", "Code=\"SkuNotAvailable\"", Class::Config),
            ("aws", "InsufficientInstanceCapacity: We currently do not have sufficient", Class::Capacity),
            ("aws", "RequestLimitExceeded: Request limit exceeded.", Class::Transient),
            ("qemu", "Error connecting to QMP socket: dial unix", Class::Transient),
            ("qemu", "Qemu failed to start. Please run with PACKER_LOG=1", Class::Config),
            ("null", "Script exited with non-zero exit status: 7.Allowed exit codes are: [0]", Class::Config),
            ("null", "write /x: no space left on device", Class::Capacity),
            ("null", "something nobody has seen", Class::Unknown),
        ] {
            assert_eq!(class(platform, line), expected, "{line}");
        }
    }

    /// As the plugins print them: their own texts, and answers of the platforms as they pass them on.
    #[test]
    fn real_messages_of_every_platform_have_their_class() {
        for (platform, expected, lines) in [
            (
                "aws",
                Class::Capacity,
                &[
                    "Error launching source instance: operation error EC2: RunInstances, exceeded maximum number of attempts, 10, https response error StatusCode: 500, RequestID: 5f2d, api error InsufficientInstanceCapacity: We currently do not have sufficient m5.large capacity in the Availability Zone you requested (us-east-1a).",
                ][..],
            ),
            (
                "aws",
                Class::Transient,
                &[
                    "Error launching source instance: operation error EC2: RunInstances, exceeded maximum number of attempts, 10, https response error StatusCode: 503, RequestID: 5f2d, api error RequestLimitExceeded: Request limit exceeded.",
                    "Error creating AMI: operation error EC2: CreateImage, exceeded maximum number of attempts, 10, https response error StatusCode: 500, RequestID: , error while fetching xml error response",
                    "Error waiting for AMI: ResourceNotReady: failed waiting for successful resource state",
                    "Error waiting for instance (i-0ab) to become ready: exceeded max wait time for InstanceRunning waiter",
                    "RequestLimitExceeded: Request limit exceeded.\n\tstatus code: 503, request id: 1f",
                ],
            ),
            (
                "aws",
                Class::Auth,
                &[
                    "Error launching source instance: operation error EC2: RunInstances, https response error StatusCode: 403, RequestID: 1, api error UnauthorizedOperation: You are not authorized to perform this operation.",
                    "Error querying AMI: operation error EC2: DescribeImages, https response error StatusCode: 401, RequestID: 1, api error AuthFailure: AWS was not able to validate the provided access credentials",
                    "error validating regions: operation error EC2: DescribeRegions, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found",
                    "operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 1, api error InvalidClientTokenId: The security token included in the request is invalid.",
                ],
            ),
            (
                "aws",
                Class::Config,
                &[
                    "Error querying AMI: operation error EC2: DescribeImages, https response error StatusCode: 400, RequestID: 1, api error InvalidAMIID.NotFound: The image id '[ami-12345678]' does not exist",
                    "Error: name conflicts with an existing AMI: AMI Name: 'base' is used by an existing AMI: ami-0ab",
                    "No AMI was found matching filters: {[{Name: \"name\"}]}",
                    "api error VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows",
                    "api error InvalidParameterValue: Invalid value 't9.nano' for InstanceType.",
                ],
            ),
            (
                "vsphere",
                Class::Transient,
                &[
                    "error retrieving virtual machine: Post \"https://vc/sdk\": EOF",
                    "ServerFaultCode: The session is not authenticated.",
                    "Unable to communicate with the remote host, since it is disconnected.",
                    "ServerFaultCode: The object 'vim.VirtualMachine:vm-42' has already been deleted or has not been completely created",
                    "error cloning virtual machine: Another task is already in progress.",
                ],
            ),
            (
                "vsphere",
                Class::Auth,
                &[
                    "ServerFaultCode: Cannot complete login due to an incorrect user name or password.",
                    "ServerFaultCode: Permission to perform this operation was denied.",
                ],
            ),
            (
                "vsphere",
                Class::Config,
                &[
                    "error creating virtual machine: The name 'base' already exists.",
                    "DC0_H0_VM0 already exists, you can use -force flag to destroy it: <nil>",
                    "vm 'nothing' not found",
                    "datastore 'LocalDS_9' not found",
                    "error finding cluster: cluster 'DC0_C9' not found",
                    "default resource pool resolves to multiple instances, please specify",
                    "Post \"https://vc/sdk\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                    "error reconfiguring virtual machine: Invalid configuration for device '0'.",
                ],
            ),
            (
                "vsphere",
                Class::Capacity,
                &["error creating virtual machine: Insufficient disk space on datastore 'ds1'."],
            ),
            (
                "proxmox",
                Class::Transient,
                &[
                    "Error creating VM: error cloning VM: 500 can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout, error status:",
                    "Error creating VM: 500 unable to create VM 101 - VM 101 already exists on node 'pve'",
                    "Error starting VM: VM is locked (clone)",
                    "Error converting VM to template: 595 No route to host",
                    "cluster not ready - no quorum?",
                ],
            ),
            (
                "proxmox",
                Class::Auth,
                &[
                    "401 authentication failure",
                    "401 invalid token value!",
                    "Error creating VM: 403 Permission check failed (/vms/100, VM.Clone)",
                ],
            ),
            (
                "proxmox",
                Class::Config,
                &[
                    "Error creating VM: 500 storage 'fast' does not exist",
                    "vm 'debian-12' not found",
                    "Error creating VM: 400 Parameter verification failed., error status: {\"errors\":{\"net0\":\"invalid format - format error\"}}",
                    "hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not known",
                ],
            ),
            ("proxmox", Class::Capacity, &["Error starting VM: start failed: not enough memory available"]),
            (
                "azure",
                Class::Transient,
                &[
                    "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests: The request is being throttled.",
                    "unexpected status 409 (409 Conflict) with error: AnotherOperationInProgress: Another operation on this or dependent resource is in progress.",
                    "AADSTS90033: A transient error has occurred. Please try again.",
                    "OSProvisioningTimedOut: OS Provisioning for VM 'pkrvm' did not finish in the allotted time.",
                ],
            ),
            (
                "azure",
                Class::Auth,
                &[
                    "unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client '0' with object id '0' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourcegroups/write'",
                    "ClientAuthorizer: clientCredentialsToken: received HTTP status 401 with response: AADSTS7000215: Invalid client secret provided.",
                    "SubscriptionNotFound: The subscription '0' could not be found.",
                ],
            ),
            (
                "azure",
                Class::Config,
                &[
                    "SkuNotAvailable: The requested size for resource 'pkrvm' is currently not available in location 'westeurope'",
                    "OperationNotAllowed: Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
                    "unexpected status 404 (404 Not Found) with error: PlatformImageNotFound: The platform image 'x' is not available.",
                    "Cannot locate the managed image resource group images, received error",
                    "the managed image named base already exists in the resource group images, use the -force option",
                ],
            ),
            (
                "azure",
                Class::Capacity,
                &["ZonalAllocationFailed: Allocation failed. We do not have sufficient capacity"],
            ),
            (
                "gcp",
                Class::Capacity,
                &[
                    "The zone 'projects/p/zones/europe-west1-b' does not have enough resources available to fulfill the request.  '(resource type:compute)'.",
                ],
            ),
            (
                "gcp",
                Class::Transient,
                &[
                    "Error creating instance: googleapi: Error 503: Internal error. Please try again or contact Google Support., backendError",
                    "googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded",
                    "Error waiting for image: time out while waiting for image to register",
                ],
            ),
            (
                "gcp",
                Class::Auth,
                &[
                    "googleapi: Error 403: Required 'compute.images.get' permission for 'projects/p/global/images/x', forbidden",
                    "google: could not find default credentials. See https://cloud.google.com/docs/authentication",
                ],
            ),
            (
                "gcp",
                Class::Config,
                &[
                    "Error getting source image for instance creation: Could not find image, x, in projects, [p]: googleapi: Error 404: The resource 'projects/p/global/images/x' was not found, notFound",
                    "Quota 'CPUS' exceeded.  Limit: 24.0 in region europe-west1.",
                    "Image base already exists in project p.",
                ],
            ),
            (
                "openstack",
                Class::Auth,
                &[
                    "Error initializing compute client: Expected HTTP response code [201] when accessing [POST https://k/v3/auth/tokens], but got 401 instead",
                ],
            ),
            (
                "openstack",
                Class::Capacity,
                &["No valid host was found. There are not enough hosts available."],
            ),
            (
                "openstack",
                Class::Transient,
                &[
                    "Error launching source server: Expected HTTP response code [202] when accessing [POST https://n/servers], but got 503 instead",
                ],
            ),
            (
                "hcloud",
                Class::Capacity,
                &["Could not create server: error during placement (resource_unavailable, 8a3f)"],
            ),
            (
                "hcloud",
                Class::Auth,
                &["Could not fetch server type: the token is invalid (unauthorized, 8a3f)"],
            ),
            (
                "hcloud",
                Class::Transient,
                &["Could not create server: limit of requests reached (rate_limit_exceeded, 8a3f)"],
            ),
            (
                "digitalocean",
                Class::Config,
                &[
                    "Error creating droplet: POST https://api.digitalocean.com/v2/droplets: 422 (request \"1\") The image specified is not available in the selected region",
                ],
            ),
            (
                "digitalocean",
                Class::Auth,
                &[
                    "DigitalOcean: Unable to get regions, GET https://api.digitalocean.com/v2/regions: 401 Unable to authenticate you",
                ],
            ),
            (
                "docker",
                Class::Auth,
                &[
                    "Error response from daemon: pull access denied for x, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                    "permission denied while trying to connect to the Docker daemon socket",
                ],
            ),
            (
                "docker",
                Class::Transient,
                &[
                    "toomanyrequests: You have reached your pull rate limit.",
                    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                ],
            ),
            (
                "docker",
                Class::Config,
                &[
                    "Error response from daemon: manifest for debian:99 not found: manifest unknown: manifest unknown",
                    "docker: invalid reference format.",
                ],
            ),
        ] {
            for line in lines {
                assert_eq!(class(platform, line), expected, "{platform}: {line}");
            }
        }
    }

    #[test]
    fn own_rules_come_first_and_bad_ones_are_named() {
        let own = |pattern: &str, class: &str| RuleSpec::new("mine", pattern, class);
        let rules = Rules::new(&[own("SkuNotAvailable", "transient")]).unwrap();
        let finding = rules.classify("azure", &["SkuNotAvailable".into()]);
        assert_eq!((finding.class, finding.rule.as_deref()), (Class::Transient, Some("mine")));
        let error = |pattern, class| Rules::new(&[own(pattern, class)]).unwrap_err().to_string();
        assert_eq!(error("(", "transient"), "failure rule `mine` has an invalid pattern");
        assert_eq!(error("x", "maybe"), "failure rule `mine` has the unknown class `maybe`");
    }

    #[test]
    fn what_a_step_printed_is_read_only_by_rules_that_ask_for_it() {
        let lines = |last: &str| FailureLines {
            last: vec![last.to_owned()],
            step: vec!["curl: (56) Recv failure: connection reset by peer".to_owned()],
            ..FailureLines::default()
        };
        let exit = "Script exited with non-zero exit status: 7. Allowed exit codes are: [0]";
        let verdict = |rules: &Rules, last| {
            let verdict = rules.classify_failure("null", &lines(last));
            (verdict.class, verdict.rule.unwrap_or_default())
        };
        let built_in = Rules::built_in();
        assert_eq!(verdict(&built_in, exit), (Class::Config, "provisioner-exit".into()));
        let of_scripts = RuleSpec {
            scope: Scope::Provisioner,
            ..RuleSpec::new("mirror", "connection reset", "transient")
        };
        let rules = Rules::new(&[of_scripts]).unwrap();
        assert_eq!(verdict(&rules, exit), (Class::Transient, "mirror".into()));
        assert_eq!(verdict(&rules, "nothing that is known"), (Class::Transient, "mirror".into()));
        // What packer itself knows better stays.
        assert_eq!(
            verdict(&rules, "Timeout waiting for SSH."),
            (Class::Transient, "communicator-timeout".into())
        );
        let exit_75 = "Script exited with non-zero exit status: 75. Allowed exit codes are: [0]";
        assert_eq!(verdict(&built_in, exit_75), (Class::Transient, "provisioner-tempfail".into()));
    }
}
