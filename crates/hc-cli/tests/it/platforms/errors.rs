//! Errors of AWS that moto does not make, from a server before it, through the real amazon plugin.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::http::{Http, Response, forwarded};
use super::results::{How, report};
use super::{Server, packers, project};
use crate::project::Project;

/// An image that moto always has.
const SOURCE: &str = "ami-760aaa0f";

/// What EC2 answers to a request that it refuses.
fn refused(status: &str, code: &str, message: &str) -> Response {
    Response::xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>\
             </Error></Errors><RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
        ),
    )
}

/// A project with `linux.aws.base`, that asks `endpoint` and makes an image `name`.
fn aws(packer: &Path, endpoint: &str, name: &str) -> Option<Project> {
    let mut project = project(packer, &["amazon"])?;
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "secret-of-the-test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        project.set_env(name, value);
    }
    project.write(
        "templates/linux/aws/base/base.pkr.hcl",
        &format!(
            "source \"amazon-ebs\" \"base\" {{\n  region                     = \"us-east-1\"\n  \
             custom_endpoint_ec2        = \"{endpoint}\"\n  source_ami                 = \"{SOURCE}\"\n  \
             instance_type              = \"t3.micro\"\n  communicator               = \"none\"\n  \
             skip_credential_validation = true\n  skip_metadata_api_check    = true\n  skip_ami_run_tags          = true\n  \
             max_retries                = 1\n  ami_name                   = \"{name}\"\n}}\n\n\
             build {{\n  sources = [\"source.amazon-ebs.base\"]\n}}\n"
        ),
    );
    Some(project)
}

/// EC2 that refuses `action` the first `times` times.
fn front(
    moto: u16,
    action: &'static str,
    times: usize,
    error: (&'static str, &'static str),
) -> (Http, Arc<AtomicUsize>) {
    let refusals = Arc::<AtomicUsize>::default();
    let count = refusals.clone();
    let server = Http::start(move |request| {
        let is_it = request.field("Action") == Some(action);
        if is_it
            && count
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |so_far| {
                    (so_far < times).then_some(so_far + 1)
                })
                .is_ok()
        {
            return refused(error.0, error.1, "as Amazon says it");
        }
        forwarded(moto, request)
    });
    (server, refusals)
}

#[test]
fn what_passes_is_tried_again_and_built() {
    for packer in packers() {
        let Some(moto) = Server::moto() else { return };
        for (name, action, status, code, class) in [
            ("one", "RunInstances", "500 Internal Server Error", "InsufficientInstanceCapacity", "capacity"),
            ("two", "RunInstances", "503 Service Unavailable", "RequestLimitExceeded", "transient"),
            ("three", "CreateImage", "503 Service Unavailable", "RequestLimitExceeded", "transient"),
        ] {
            let (server, refusals) = front(moto.port, action, 1, (status, code));
            let Some(project) = aws(&packer, &server.url(), name) else { return };
            project.ok(&["validate"]);
            // Without tries it is infrastructure, and may be tried again.
            let ran = project.run(&["build", "--retries", "0", "--format", "json"]).expect(2);
            let result = &ran.json()["result"]["builds"][0]["result"];
            assert_eq!(result["classification"], class, "{code}: {result}");
            assert_eq!(result["retryable"], true, "{result}");
            assert!(result["evidence"].as_str().unwrap().contains(code), "{result}");
            assert_eq!(refusals.swap(0, Ordering::SeqCst), 1);
            let ran = project.ok(&["build", "--retries", "1", "--format", "json"]);
            let result = &ran.json()["result"]["builds"][0]["result"];
            assert_eq!(
                (&result["classification"], &result["attempts"]),
                (&"success".into(), &2.into()),
                "{result}"
            );
            assert!(result["artifacts"][0].as_str().unwrap().contains("us-east-1:ami-"), "{result}");
        }
        report("AWS", "amazon", &packer, How::Simulator, "refusals that pass are tried again and built");
    }
}

#[test]
fn what_an_edit_must_repair_is_never_tried_again() {
    for packer in packers() {
        let Some(moto) = Server::moto() else { return };
        for (action, status, code, class) in [
            ("RunInstances", "403 Forbidden", "UnauthorizedOperation", "auth"),
            ("DescribeImages", "400 Bad Request", "InvalidAMIID.NotFound", "config"),
            ("DescribeImages", "401 Unauthorized", "AuthFailure", "auth"),
            ("RunInstances", "400 Bad Request", "VcpuLimitExceeded", "config"),
        ] {
            let (server, _) = front(moto.port, action, usize::MAX, (status, code));
            let Some(project) = aws(&packer, &server.url(), "never") else { return };
            project.ok(&["validate"]);
            let ran = project.run(&["build", "--retries", "3", "--format", "json"]).expect(1);
            let result = &ran.json()["result"]["builds"][0]["result"];
            assert_eq!(
                (&result["classification"], &result["attempts"]),
                (&class.into(), &1.into()),
                "{code}: {result}"
            );
            assert_eq!(result["retryable"], false, "{result}");
            assert!(!ran.stdout.contains("secret-of-the-test") && !ran.stderr.contains("secret-of-the-test"));
        }
        report("AWS", "amazon", &packer, How::Simulator, "refusals that last are never tried again");
    }
}
