//! The table: one line for each kind of image.

use super::shape::{Given, Named, Query, Shape};

const fn given(from: &'static str, variable: &'static str) -> Given {
    Given { from, variable, region_only: false }
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

pub(super) const QUERIES: &[Query] = &[
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
        args: &[
            "storage",
            "blob",
            "show",
            "--blob-url={id}",
            "--auth-mode=login",
            "--output=json",
            "--only-show-errors",
        ],
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
