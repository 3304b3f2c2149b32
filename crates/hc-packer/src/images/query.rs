//! How a platform is asked whether an image is still there: one line of a table for each kind of image, with the user's own
//! program, its arguments, and where its answer says what. Everything only reads. Pure: the caller starts the programs.
//!
//! No argument ever holds a secret; what a template knows of credentials goes into the environment of the program.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// How far clocks may be apart before an image counts as made anew.
const CLOCKS: Duration = Duration::minutes(10);
/// Longest reason, in characters.
const LONGEST_REASON: usize = 300;

/// How one kind of image is asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Query {
    provider: &'static str,
    kinds: &'static [&'static str],
    /// The program, on the user's `PATH`.
    pub program: &'static str,
    /// Words in braces are values of the image; an argument of which one is not known is left out.
    args: &'static [&'static str],
    /// The type of a component that takes the variables which the program needs, for
    /// [`environment::Uses`](crate::environment::Uses).
    pub component: &'static str,
    /// Variables that the program is given.
    pub given: &'static [Given],
    /// Attributes of a source that log in in a way which the program cannot.
    pub unlike: &'static [&'static str],
    answer: Shape,
    /// What the program says when there is no such image.
    gone: &'static [&'static str],
}

/// A variable that a program is given where the template or the environment has a value for it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Given {
    /// Attribute of the source; behind a `$`, a variable of the environment that packer would take.
    pub from: &'static str,
    /// The variable.
    pub variable: &'static str,
    /// Whether the value holds for the source's own region alone.
    pub region_only: bool,
}

const fn given(from: &'static str, variable: &'static str) -> Given {
    Given { from, variable, region_only: false }
}

/// Where an answer in JSON says what. Paths are keys with slashes between them, `#` for the first of a list; upper and lower
/// case are the same: programs changed theirs.
#[derive(Debug)]
struct Shape {
    /// The list of images; without one, the whole answer is the image.
    list: Option<&'static str>,
    /// Of a list of everything: where the id is.
    select: Option<&'static str>,
    name: Option<(&'static str, Named)>,
    created: Option<&'static str>,
    /// What it must be: a path and a word.
    state: Option<(&'static str, &'static str)>,
    /// Whether it is a template.
    template: Option<&'static str>,
    /// The id, where it is a digest.
    digest: Option<&'static str>,
    tags: Option<&'static str>,
}

/// What the name in an answer is compared with.
#[derive(Debug, Clone, Copy)]
enum Named {
    Name,
    Version,
}

const SHAPE: Shape = Shape {
    list: None,
    select: None,
    name: Some(("name", Named::Name)),
    created: None,
    state: None,
    template: None,
    digest: None,
    tags: None,
};

const AWS: &[Given] = &[
    given("access_key", "AWS_ACCESS_KEY_ID"),
    given("secret_key", "AWS_SECRET_ACCESS_KEY"),
    given("token", "AWS_SESSION_TOKEN"),
    given("profile", "AWS_PROFILE"),
    given("shared_credentials_file", "AWS_SHARED_CREDENTIALS_FILE"),
    Given { from: "custom_endpoint_ec2", variable: "AWS_ENDPOINT_URL_EC2", region_only: true },
];
const AWS_UNLIKE: &[&str] = &["assume_role.role_arn", "vault_aws_engine.name"];
const VSPHERE: &[Given] = &[
    given("vcenter_server", "GOVC_URL"),
    given("username", "GOVC_USERNAME"),
    given("password", "GOVC_PASSWORD"),
    given("insecure_connection", "GOVC_INSECURE"),
    given("datacenter", "GOVC_DATACENTER"),
];
const GOOGLE: &[Given] = &[
    given("$GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"),
    given("account_file", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"),
    given("credentials_file", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"),
    given("access_token", "CLOUDSDK_AUTH_ACCESS_TOKEN"),
    given("impersonate_service_account", "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"),
];
const OPENSTACK: &[Given] = &[
    given("identity_endpoint", "OS_AUTH_URL"),
    given("username", "OS_USERNAME"),
    given("password", "OS_PASSWORD"),
    given("token", "OS_TOKEN"),
    given("tenant_name", "OS_PROJECT_NAME"),
    given("tenant_id", "OS_PROJECT_ID"),
    given("domain_name", "OS_USER_DOMAIN_NAME"),
    given("region", "OS_REGION_NAME"),
    given("cloud", "OS_CLOUD"),
    given("application_credential_id", "OS_APPLICATION_CREDENTIAL_ID"),
    given("application_credential_secret", "OS_APPLICATION_CREDENTIAL_SECRET"),
];
const HCLOUD: &[Given] = &[given("token", "HCLOUD_TOKEN"), given("endpoint", "HCLOUD_ENDPOINT")];
const DIGITALOCEAN: &[Given] = &[
    given("$DIGITALOCEAN_API_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"),
    given("$DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"),
    given("api_token", "DIGITALOCEAN_ACCESS_TOKEN"),
];

const QUERIES: &[Query] = &[
    Query {
        provider: "aws",
        kinds: &["ami"],
        program: "aws",
        args: &["ec2", "describe-images", "--image-ids={id}", "--region={region}", "--output=json"],
        component: "amazon-",
        given: AWS,
        unlike: AWS_UNLIKE,
        answer: Shape {
            list: Some("images"),
            created: Some("creationdate"),
            state: Some(("state", "available")),
            ..SHAPE
        },
        gone: &["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"],
    },
    Query {
        provider: "aws",
        kinds: &["snapshot"],
        program: "aws",
        args: &["ec2", "describe-snapshots", "--snapshot-ids={id}", "--region={region}", "--output=json"],
        component: "amazon-",
        given: AWS,
        unlike: AWS_UNLIKE,
        answer: Shape { list: Some("snapshots"), name: None, created: Some("starttime"), ..SHAPE },
        gone: &["InvalidSnapshot.NotFound"],
    },
    Query {
        provider: "aws",
        kinds: &["volume"],
        program: "aws",
        args: &["ec2", "describe-volumes", "--volume-ids={id}", "--region={region}", "--output=json"],
        component: "amazon-",
        given: AWS,
        unlike: AWS_UNLIKE,
        answer: Shape { list: Some("volumes"), name: None, created: Some("createtime"), ..SHAPE },
        gone: &["InvalidVolume.NotFound"],
    },
    Query {
        provider: "azure",
        kinds: &["gallery-version"],
        program: "az",
        args: &["sig", "image-version", "show", "--ids={id}", "--output=json", "--only-show-errors"],
        component: "azure-",
        given: &[],
        unlike: &[],
        answer: Shape {
            name: Some(("name", Named::Version)),
            created: Some("publishingprofile/publisheddate"),
            state: Some(("provisioningstate", "Succeeded")),
            ..SHAPE
        },
        gone: &["(NotFound)", "(ResourceNotFound)", "(ResourceGroupNotFound)", "(ParentResourceNotFound)"],
    },
    Query {
        provider: "azure",
        kinds: &["managed-image", "snapshot", "disk"],
        program: "az",
        args: &["resource", "show", "--ids={id}", "--output=json", "--only-show-errors"],
        component: "azure-",
        given: &[],
        unlike: &[],
        answer: Shape {
            created: Some("properties/timecreated"),
            state: Some(("properties/provisioningstate", "Succeeded")),
            ..SHAPE
        },
        gone: &["(NotFound)", "(ResourceNotFound)", "(ResourceGroupNotFound)"],
    },
    Query {
        provider: "azure",
        kinds: &["vhd"],
        program: "az",
        args: &["storage", "blob", "show", "--blob-url={id}", "--auth-mode=login", "--output=json", "--only-show-errors"],
        component: "azure-",
        given: &[],
        unlike: &[],
        answer: Shape { name: None, created: Some("properties/creationtime"), ..SHAPE },
        gone: &["BlobNotFound", "ContainerNotFound", "ErrorCode:404"],
    },
    Query {
        provider: "gcp",
        kinds: &["image"],
        program: "gcloud",
        args: &["compute", "images", "describe", "{id}", "--project={project}", "--format=json", "--quiet"],
        component: "googlecompute",
        given: GOOGLE,
        unlike: &["vault_gcp_oauth_engine"],
        answer: Shape { created: Some("creationtimestamp"), state: Some(("status", "READY")), ..SHAPE },
        gone: &["was not found"],
    },
    Query {
        provider: "vsphere",
        kinds: &["template", "vm"],
        program: "govc",
        args: &["vm.info", "-json", "{path}"],
        component: "vsphere-",
        given: VSPHERE,
        unlike: &[],
        answer: Shape {
            list: Some("virtualmachines"),
            created: Some("config/createdate"),
            template: Some("config/template"),
            ..SHAPE
        },
        gone: &["not found"],
    },
    Query {
        provider: "vsphere",
        kinds: &["library-item"],
        program: "govc",
        args: &["library.info", "-json", "{id}"],
        component: "vsphere-",
        given: VSPHERE,
        unlike: &[],
        answer: Shape { list: Some(""), created: Some("creation_time"), ..SHAPE },
        gone: &["not found"],
    },
    Query {
        provider: "proxmox",
        kinds: &["template", "vm"],
        program: "pvesh",
        args: &["get", "/cluster/resources", "--type=vm", "--output-format=json"],
        component: "proxmox",
        given: &[],
        unlike: &[],
        answer: Shape { list: Some(""), select: Some("vmid"), template: Some("template"), ..SHAPE },
        gone: &[],
    },
    Query {
        provider: "docker",
        kinds: &["container-image"],
        program: "docker",
        args: &["image", "inspect", "{id}"],
        component: "docker",
        given: &[],
        unlike: &[],
        answer: Shape { list: Some(""), name: None, digest: Some("id"), tags: Some("repotags"), ..SHAPE },
        gone: &["No such image", "no such image"],
    },
    Query {
        provider: "openstack",
        kinds: &["image"],
        program: "openstack",
        args: &["image", "show", "{id}", "--format=json"],
        component: "openstack",
        given: OPENSTACK,
        unlike: &[],
        answer: Shape { created: Some("created_at"), state: Some(("status", "active")), ..SHAPE },
        gone: &["No Image found", "Could not find resource"],
    },
    Query {
        provider: "hcloud",
        kinds: &["snapshot"],
        program: "hcloud",
        args: &["image", "describe", "{id}", "--output=json"],
        component: "hcloud",
        given: HCLOUD,
        unlike: &[],
        answer: Shape {
            name: Some(("description", Named::Name)),
            created: Some("created"),
            state: Some(("status", "available")),
            ..SHAPE
        },
        gone: &["image not found", "Image not found"],
    },
    Query {
        provider: "digitalocean",
        kinds: &["snapshot"],
        program: "doctl",
        args: &["compute", "image", "get", "{id}", "--output=json"],
        component: "digitalocean",
        given: DIGITALOCEAN,
        unlike: &[],
        answer: Shape { list: Some(""), created: Some("created_at"), ..SHAPE },
        gone: &["404"],
    },
];

/// An image that is asked for, as it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose it is.
    pub provider: &'a str,
    /// What it is.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its region.
    pub region: Option<&'a str>,
    /// Its version.
    pub version: Option<&'a str>,
    /// Its tags.
    pub tags: &'a [String],
    /// Further coordinates.
    pub place: &'a std::collections::BTreeMap<String, String>,
    /// When it was recorded.
    pub recorded: OffsetDateTime,
}

impl<'a> Asked<'a> {
    fn value(&self, word: &str) -> Option<&'a str> {
        let of_place = |name: &str| self.place.get(name).map(String::as_str);
        match word {
            "id" => Some(self.id),
            "region" => self.region,
            "path" => of_place("inventory_path").or(Some(self.id)),
            word => of_place(word),
        }
    }
}

/// What became of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, and is what was recorded.
    Present,
    /// It is there, and is not what was recorded, for this reason.
    Changed(String),
    /// It is not there.
    Gone,
    /// Nobody knows, for this reason.
    Unverified(String),
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Whether with 0.
    pub success: bool,
    /// What it wrote.
    pub stdout: &'a str,
    /// What it complained of.
    pub stderr: &'a str,
}

/// How an image is asked for; `None` for a platform of which nobody knows how.
pub fn query(asked: &Asked<'_>) -> Option<&'static Query> {
    QUERIES.iter().find(|query| query.provider == asked.provider && query.kinds.contains(&asked.kind))
}

impl Query {
    /// The arguments for an image; `None` where a value looks like an option of the program: no plugin names an image so.
    pub fn arguments(&self, asked: &Asked<'_>) -> Option<Vec<String>> {
        let mut arguments = Vec::new();
        for argument in self.args {
            let Some((before, rest)) = argument.split_once('{') else {
                arguments.push((*argument).to_owned());
                continue;
            };
            let (word, after) = rest.split_once('}')?;
            let Some(value) = asked.value(word) else { continue };
            if value.is_empty() || value.starts_with(['-', '@']) || value.contains(char::is_control) {
                return None;
            }
            arguments.push(format!("{before}{value}{after}"));
        }
        Some(arguments)
    }

    /// What an answer means.
    pub fn judge(&self, asked: &Asked<'_>, told: &Told<'_>) -> Seen {
        if !told.success {
            let said = |part: &&str| told.stderr.contains(*part) || told.stdout.contains(*part);
            return match self.gone.iter().any(|part| said(&part)) {
                true => Seen::Gone,
                false => Seen::Unverified(format!("{} failed: {}", self.program, last_words(told))),
            };
        }
        let Ok(answer) = serde_json::from_str::<Value>(told.stdout) else {
            return Seen::Unverified(format!("{} did not answer in JSON", self.program));
        };
        let image = match self.answer.list {
            None => Some(&answer),
            Some(list) => match at(&answer, list) {
                Some(Value::Array(images)) => images.iter().find(|image| self.is_asked_for(image, asked)),
                Some(Value::Null) | None => None,
                Some(_) => return Seen::Unverified(format!("{} answered in an unknown form", self.program)),
            },
        };
        match image {
            None | Some(Value::Null) => Seen::Gone,
            Some(image) => self.compare(image, asked),
        }
    }

    fn is_asked_for(&self, image: &Value, asked: &Asked<'_>) -> bool {
        self.answer.select.is_none_or(|path| text(image, path).as_deref() == Some(asked.id))
    }

    fn compare(&self, image: &Value, asked: &Asked<'_>) -> Seen {
        let shape = &self.answer;
        let name = shape.name.and_then(|(path, named)| {
            let recorded = match named {
                Named::Name => asked.name,
                Named::Version => asked.version,
            };
            Some((recorded?, text(image, path)?))
        });
        if let Some((recorded, now)) = name.filter(|(recorded, now)| recorded != now) {
            return Seen::Changed(format!("its name is {now:?}, not {recorded:?}"));
        }
        let created = shape.created.and_then(|path| text(image, path));
        let created = created.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
        if let Some(created) = created.filter(|created| *created > asked.recorded + CLOCKS) {
            let when = created.format(&Rfc3339).unwrap_or_default();
            return Seen::Changed(format!("it was made at {when}, after the build"));
        }
        if let Some((path, expected)) = shape.state
            && let Some(state) = text(image, path).filter(|state| !state.eq_ignore_ascii_case(expected))
        {
            return Seen::Changed(format!("its state is {state:?}"));
        }
        if asked.kind == "template"
            && let Some(flag) = shape.template.and_then(|path| at(image, path))
            && matches!(flag, Value::Bool(false) | Value::Null)
            || asked.kind == "template" && shape.template.is_some_and(|path| text(image, path).as_deref() == Some("0"))
        {
            return Seen::Changed("it is no template any more".to_owned());
        }
        if let Some(digest) = shape.digest.and_then(|path| text(image, path))
            && asked.id.starts_with("sha256:")
            && digest != asked.id
        {
            return Seen::Changed(format!("its digest is {digest}"));
        }
        let tags = shape.tags.and_then(|path| at(image, path)).and_then(Value::as_array);
        let lost = |tag: &&String| !tags.is_some_and(|tags| tags.iter().any(|one| one.as_str() == Some(tag)));
        match asked.tags.iter().find(lost).filter(|_| shape.tags.is_some()) {
            Some(tag) => Seen::Changed(format!("the tag {tag} is not on it any more")),
            None => Seen::Present,
        }
    }
}

/// What stands at a path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').filter(|key| !key.is_empty()).try_fold(value, |value, key| {
        let entries = value.as_object()?.iter();
        entries.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    })
}

fn text(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The last line that says something.
fn last_words(told: &Told<'_>) -> String {
    let lines = told.stderr.lines().chain(told.stdout.lines().take(1)).map(str::trim);
    // What goes on behind the first complaint is advice.
    let line = lines.clone().find(|line| line.to_ascii_lowercase().contains("error"));
    let line = line.or_else(|| told.stderr.lines().map(str::trim).rfind(|line| !line.is_empty()));
    line.or_else(|| lines.clone().find(|line| !line.is_empty()))
        .map_or_else(|| "it did not say why".to_owned(), |line| line.chars().take(LONGEST_REASON).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// `(provider, kind, id, name)` and what a program answered.
    fn judged(image: (&str, &str, &str, Option<&str>), success: bool, stdout: &str, stderr: &str) -> Seen {
        let (provider, kind, id, name) = image;
        let tags = ["r/web:1".to_owned()];
        let place = BTreeMap::new();
        let asked = Asked {
            provider,
            kind,
            id,
            name,
            region: None,
            version: name,
            tags: if provider == "docker" { &tags } else { &[] },
            place: &place,
            recorded: OffsetDateTime::parse("2026-11-22T10:00:00Z", &Rfc3339).unwrap(),
        };
        query(&asked).unwrap().judge(&asked, &Told { success, stdout, stderr })
    }

    fn changed(seen: &Seen) -> &str {
        match seen {
            Seen::Changed(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn answers_of_the_programs_are_understood() {
        let ami = ("aws", "ami", "ami-1", Some("web-1"));
        let answer = |name: &str, created: &str, state: &str| {
            format!(r#"{{"Images": [{{"ImageId": "ami-1", "Name": "{name}", "CreationDate": "{created}", "State": "{state}"}}]}}"#)
        };
        assert_eq!(judged(ami, true, &answer("web-1", "2026-11-22T09:59:00.000Z", "available"), ""), Seen::Present);
        assert_eq!(changed(&judged(ami, true, &answer("web-2", "2026-11-22T09:59:00.000Z", "available"), "")), "its name is \"web-2\", not \"web-1\"");
        assert!(changed(&judged(ami, true, &answer("web-1", "2026-11-23T09:59:00.000Z", "available"), "")).starts_with("it was made at 2026-11-23"));
        assert_eq!(changed(&judged(ami, true, &answer("web-1", "2026-11-22T09:59:00Z", "disabled"), "")), "its state is \"disabled\"");
        assert_eq!(judged(ami, true, r#"{"Images": []}"#, ""), Seen::Gone);
        let said = "\nAn error occurred (InvalidAMIID.NotFound) when calling the DescribeImages operation: The image id '[ami-1]' does not exist\n";
        assert_eq!(judged(ami, false, "", said), Seen::Gone);
        assert_eq!(
            judged(ami, false, "", "Unable to locate credentials. You can configure credentials by running \"aws login\".\n"),
            Seen::Unverified("aws failed: Unable to locate credentials. You can configure credentials by running \"aws login\".".into())
        );

        let template = ("vsphere", "template", "web", Some("web"));
        let machine = |created: &str, template: bool| {
            format!(r#"{{"virtualMachines": [{{"name": "web", "config": {{"createDate": "{created}", "template": {template}}}}}]}}"#)
        };
        assert_eq!(judged(template, true, &machine("2026-11-22T09:59:00.810152697Z", true), ""), Seen::Present);
        assert_eq!(changed(&judged(template, true, &machine("2026-11-22T09:59:00Z", false), "")), "it is no template any more");
        assert!(changed(&judged(template, true, &machine("2027-01-01T00:00:00Z", true), "")).contains("2027"));
        assert_eq!(judged(template, true, r#"{"virtualMachines": null}"#, ""), Seen::Gone);
        assert_eq!(judged(template, true, r#"{"VirtualMachines": [{"Name": "web"}]}"#, ""), Seen::Present);
        assert_eq!(
            judged(template, false, "", "govc: Post \"https://vc/sdk\": dial tcp: connection refused\n"),
            Seen::Unverified("govc failed: govc: Post \"https://vc/sdk\": dial tcp: connection refused".into())
        );
        assert_eq!(judged(("vsphere", "library-item", "/l/web", None), true, "null", ""), Seen::Gone);

        let proxmox = ("proxmox", "template", "9000", Some("web"));
        let machines = |template: u8| format!(r#"[{{"vmid": 100, "name": "db", "template": 0}}, {{"vmid": 9000, "name": "web", "template": {template}}}]"#);
        assert_eq!(judged(proxmox, true, &machines(1), ""), Seen::Present);
        assert_eq!(changed(&judged(proxmox, true, &machines(0), "")), "it is no template any more");
        assert_eq!(judged(("proxmox", "vm", "9000", None), true, &machines(0), ""), Seen::Present);
        assert_eq!(judged(("proxmox", "vm", "9001", None), true, &machines(0), ""), Seen::Gone);

        let docker = ("docker", "container-image", "sha256:ab", None);
        assert_eq!(judged(docker, true, r#"[{"Id": "sha256:ab", "RepoTags": ["r/web:1"]}]"#, ""), Seen::Present);
        assert_eq!(changed(&judged(docker, true, r#"[{"Id": "sha256:ab", "RepoTags": []}]"#, "")), "the tag r/web:1 is not on it any more");
        assert_eq!(judged(docker, false, "[]\n", "Error response from daemon: No such image: sha256:ab\n"), Seen::Gone);
        let off = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
        assert!(matches!(judged(docker, false, "[]\n", off), Seen::Unverified(why) if why.contains("Cannot connect")));
    }

    #[test]
    fn other_clouds_are_understood() {
        let version = ("azure", "gallery-version", "/s/v", Some("1.4.0"));
        let answer = |name: &str| format!(r#"{{"name": "{name}", "provisioningState": "Succeeded", "publishingProfile": {{"publishedDate": "2026-11-22T09:58:00.1+00:00"}}}}"#);
        assert_eq!(judged(version, true, &answer("1.4.0"), ""), Seen::Present);
        assert!(changed(&judged(version, true, &answer("1.5.0"), "")).contains("1.5.0"));
        assert_eq!(judged(("azure", "managed-image", "/s/i", None), false, "", "ERROR: (ResourceNotFound) The Resource 'x' under resource group 'y' was not found."), Seen::Gone);
        assert!(matches!(judged(version, false, "", "ERROR: Please run 'az login' to setup account.\n"), Seen::Unverified(why) if why.contains("az login")));
        let gcp = ("gcp", "image", "web-1", Some("web-1"));
        assert_eq!(judged(gcp, true, r#"{"name": "web-1", "status": "READY", "creationTimestamp": "2026-11-22T01:59:00.000-08:00"}"#, ""), Seen::Present);
        assert_eq!(judged(gcp, false, "", "ERROR: (gcloud.compute.images.describe) Could not fetch resource:\n - The resource 'projects/y/global/images/web-1' was not found\n"), Seen::Gone);
        let snapshot = ("hcloud", "snapshot", "4711", Some("web-1"));
        assert_eq!(judged(snapshot, true, r#"{"id": 4711, "description": "web-1", "status": "available", "created": "2026-11-22T09:59:00+00:00"}"#, ""), Seen::Present);
        assert_eq!(judged(("openstack", "image", "u", Some("web")), true, r#"{"name": "web", "status": "deactivated"}"#, ""), Seen::Changed("its state is \"deactivated\"".into()));
        assert_eq!(judged(("digitalocean", "snapshot", "1", Some("web")), true, r#"[{"id": 1, "name": "web", "created_at": "2026-11-22T09:59:00Z"}]"#, ""), Seen::Present);
        assert_eq!(judged(gcp, true, "not json", ""), Seen::Unverified("gcloud did not answer in JSON".into()));
    }

    #[test]
    fn arguments_hold_what_is_known_and_never_an_option() {
        let place = BTreeMap::from([("inventory_path".to_owned(), "/dc/vm/web".to_owned())]);
        let asked = |provider: &'static str, kind: &'static str, id: &'static str, region: Option<&'static str>| {
            Asked { provider, kind, id, name: None, region, version: None, tags: &[], place: Box::leak(Box::new(place.clone())), recorded: OffsetDateTime::UNIX_EPOCH }
        };
        let arguments = |asked: Asked<'_>| query(&asked).unwrap().arguments(&asked);
        assert_eq!(
            arguments(asked("aws", "ami", "ami-1", Some("eu-west-1"))).unwrap(),
            ["ec2", "describe-images", "--image-ids=ami-1", "--region=eu-west-1", "--output=json"]
        );
        assert_eq!(arguments(asked("gcp", "image", "web-1", None)).unwrap(), ["compute", "images", "describe", "web-1", "--format=json", "--quiet"]);
        assert_eq!(arguments(asked("vsphere", "template", "web", None)).unwrap(), ["vm.info", "-json", "/dc/vm/web"]);
        for hostile in ["--profile=x", "@file", "", "a\nb"] {
            assert_eq!(arguments(asked("gcp", "image", Box::leak(hostile.to_owned().into_boxed_str()), None)), None);
        }
        assert!(query(&asked("oracle-oci", "image", "ocid1", None)).is_none());
    }
}
