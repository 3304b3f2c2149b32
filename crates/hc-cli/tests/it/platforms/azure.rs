//! Azure: recorded shapes of its Resource Manager in a server of the test, for the calls of the real azure plugin up to the
//! machine. It is not the platform: nothing is deployed, and what it answers is as right as its documentation. The plugin
//! reaches no machine, so no image is made here; what is shown is what comes before that, refusals above all.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::http::{Http, Request, Response};
use super::results::{How, report};
use super::{packers, project};
use crate::project::Project;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

/// How a call is refused: the end of its path with the method, how often, with which status, code and message.
#[derive(Clone, Copy)]
struct Refusal {
    call: &'static str,
    times: usize,
    status: &'static str,
    code: &'static str,
}

const NONE: Refusal = Refusal { call: "", times: 0, status: "", code: "" };

struct Manager {
    groups: BTreeSet<String>,
    deployments: BTreeSet<String>,
    refusal: Refusal,
}

fn error(status: &str, code: &str) -> Response {
    Response::json(status, &json!({ "error": { "code": code, "message": "as Azure says it" } }))
}

impl Manager {
    fn answer(&mut self, request: &Request, url: &str) -> Response {
        let path = request.path().to_owned();
        let refusal = self.refusal;
        let (method, part) = refusal.call.split_once(' ').unwrap_or_default();
        if refusal.times > 0 && request.method == method && path.contains(part) {
            self.refusal.times -= 1;
            if part.contains("oauth2") {
                return Response::json(
                    refusal.status,
                    &json!({ "error": "invalid_client", "error_description": format!("{}: as Azure says it", refusal.code) }),
                );
            }
            return error(refusal.status, refusal.code);
        }
        if path == "/metadata/endpoints" {
            return Response::json(
                "200 OK",
                &json!({
                    "portal": url, "name": "Recorded", "resourceManager": url, "microsoftGraphResourceId": url, "graph": url,
                    "authentication": { "loginEndpoint": url, "audiences": [url], "tenant": "common", "identityProvider": "AAD" },
                    "suffixes": { "keyVaultDns": "vault.invalid", "storage": "core.invalid" },
                }),
            );
        }
        if path.ends_with("/oauth2/v2.0/token") {
            // Head, claims with an object id, signature: nobody here checks it.
            let token =
                "eyJhbGciOiJub25lIn0.eyJvaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwYWEifQ.c2ln";
            return Response::json(
                "200 OK",
                &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }),
            );
        }
        let words: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["subscriptions", SUBSCRIPTION, "resourceGroups", group, rest @ ..] = words.as_slice() else {
            return error("404 Not Found", "ResourceNotFound");
        };
        let found = |properties: Value| {
            let mut body = json!({ "id": path, "name": words.last(), "location": "westeurope" });
            body["properties"] = properties;
            Response::json("200 OK", &body)
        };
        let done = json!({ "provisioningState": "Succeeded" });
        match (request.method.as_str(), rest) {
            ("PUT", []) => {
                self.groups.insert((*group).to_owned());
                found(done)
            }
            ("GET", []) if self.groups.contains(*group) => found(done),
            ("GET", []) => error("404 Not Found", "ResourceGroupNotFound"),
            ("DELETE", []) => {
                self.groups.remove(*group);
                Response::empty("200 OK")
            }
            ("GET", ["deployments", _, "operations"]) => Response::json("200 OK", &json!({ "value": [] })),
            ("POST", ["providers", "Microsoft.Resources", "deployments", _, "validate"]) => found(done),
            ("PUT", ["providers", "Microsoft.Resources", "deployments", name]) => {
                self.deployments.insert((*name).to_owned());
                found(done)
            }
            ("DELETE", ["providers", "Microsoft.Resources", "deployments", name]) => {
                self.deployments.remove(*name);
                Response::empty("204 No Content")
            }
            ("GET", ["providers", "Microsoft.Resources", "deployments", name])
                if self.deployments.contains(*name) =>
            {
                found(done)
            }
            _ => error("404 Not Found", "ResourceNotFound"),
        }
    }
}

fn started(packer: &Path, refusal: Refusal) -> Option<(Http, Project)> {
    let manager =
        Mutex::new(Manager { groups: ["images".to_owned()].into(), deployments: BTreeSet::new(), refusal });
    let server = Http::start(move |request| {
        let host = request.head.iter().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
        manager.lock().unwrap().answer(request, &format!("http://{host}"))
    });
    let project = project(packer, &["azure"])?;
    project.write(
        "templates/linux/azure/base/base.pkr.hcl",
        &format!(
            "variable \"client_secret\" {{\n  type      = string\n  sensitive = true\n}}\n\n\
             source \"azure-arm\" \"base\" {{\n  metadata_host   = \"{}\"\n  subscription_id = \"{SUBSCRIPTION}\"\n  \
             tenant_id       = \"00000000-0000-0000-0000-000000000002\"\n  \
             client_id       = \"00000000-0000-0000-0000-000000000003\"\n  client_secret   = var.client_secret\n  \
             location        = \"westeurope\"\n  vm_size         = \"Standard_B1s\"\n  os_type         = \"Linux\"\n  \
             image_publisher = \"Debian\"\n  image_offer     = \"debian-12\"\n  image_sku       = \"12\"\n  \
             managed_image_name                = \"base-1\"\n  managed_image_resource_group_name = \"images\"\n}}\n\n\
             build {{\n  sources = [\"source.azure-arm.base\"]\n}}\n",
            server.url()
        ),
    );
    project.write("configs/overlays/dev.pkrvars.hcl", "client_secret = env(\"AZ_SECRET\")\n");
    Some((server, project))
}

#[test]
fn refusals_have_their_class_and_only_what_passes_is_tried_again() {
    for packer in packers() {
        for (call, status, code, class, exit) in [
            ("POST /oauth2/", "401 Unauthorized", "AADSTS7000215", "auth", 1),
            ("PUT /resourceGroups/pkr-", "403 Forbidden", "AuthorizationFailed", "auth", 1),
            ("GET /resourceGroups/images", "404 Not Found", "ResourceGroupNotFound", "config", 1),
            ("POST /validate", "400 Bad Request", "SkuNotAvailable", "config", 1),
            ("PUT /deployments/", "409 Conflict", "QuotaExceeded", "config", 1),
            ("PUT /deployments/", "409 Conflict", "AllocationFailed", "capacity", 2),
            ("PUT /deployments/", "409 Conflict", "AnotherOperationInProgress", "transient", 2),
        ] {
            let refusal = Refusal { call, times: usize::MAX, status, code };
            let Some((_server, mut project)) = started(&packer, refusal) else { return };
            project.set_env("AZ_SECRET", "azure-canary-77cc");
            project.ok(&["validate"]);
            let retries = if exit == 1 { "2" } else { "0" };
            let ran = project.run(&["build", "--retries", retries, "--format", "json"]).expect(exit);
            let result = &ran.json()["result"]["builds"][0]["result"];
            assert_eq!(
                (&result["classification"], &result["attempts"]),
                (&class.into(), &1.into()),
                "{code}: {result}"
            );
            assert_eq!(result["retryable"], exit == 2, "{code}: {result}");
            assert!(!ran.stdout.contains("azure-canary") && !ran.stderr.contains("azure-canary"));
        }
        report(
            "Azure",
            "azure",
            &packer,
            How::Recorded,
            "refusals are classified, only what passes is tried again",
        );
    }
}

#[test]
fn a_killed_build_leaves_its_group() {
    for packer in packers() {
        // It waits for ever for its deployment's machine.
        let Some((server, mut project)) = started(&packer, NONE) else { return };
        project.set_env("AZ_SECRET", "azure-canary-77cc");
        project.ok(&["validate"]);
        let left = super::left::killed_when(&mut project, &|| {
            server.asked().iter().any(|call| call.starts_with("PUT ") && call.contains("/deployments/"))
        });
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0]["what"], "resource group");
        let name = left[0]["name"].as_str().unwrap();
        assert!(name.starts_with("pkr-Resource-Group-"), "{name}");
        assert_eq!(
            left[0]["remove"],
            format!("az group delete --subscription {SUBSCRIPTION} --name {name} --yes")
        );
        report(
            "Azure",
            "azure",
            &packer,
            How::Recorded,
            "what a killed build leaves is named with the command that removes it",
        );
    }
}
