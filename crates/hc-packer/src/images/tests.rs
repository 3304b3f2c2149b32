//! What real plugins say, and what is read of it. Ids, sentences and lines have the shapes of the plugins' own `artifact.go`.

use std::collections::BTreeMap;

use super::*;
use crate::machine::{ArtifactFold, parse};
use crate::manifest::PackerManifest;

/// A run: lines of packer's stream, and what the template says of the source.
fn run(stream: &[&str], address: &str, configured: &[(&str, &str)]) -> Vec<PlatformImage> {
    let (mut fold, mut lines) = (ArtifactFold::default(), Vec::new());
    for line in stream {
        let record = parse(line).unwrap_or_else(|| panic!("{line}"));
        fold.take(&record);
        if let ("ui", [_, message]) = (record.kind.as_str(), record.data.as_slice())
            && let Some((source, text)) = crate::machine::speaker(message)
            && is_telling(text)
        {
            lines.push((source.to_owned(), text.to_owned()));
        }
    }
    let values = configured
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()).filter(|value| value != "?")))
        .collect();
    let configured = Configured(BTreeMap::from([(address.to_owned(), values)]));
    read(&Said::new(fold.done(), None, &lines), &configured)
}

/// The records of one artifact.
fn artifact(source: &str, speaker: &str, id: &str, text: &str) -> [String; 4] {
    let escape = |text: &str| text.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n");
    [("builder-id", speaker), ("id", id), ("string", text), ("end", "")]
        .map(|(key, value)| format!("1,{source},artifact,0,{key},{}", escape(value)))
}

fn one(
    source: &str,
    (speaker, id, text): (&str, &str, &str),
    said: &[&str],
    configured: &[(&str, &str)],
) -> Vec<PlatformImage> {
    let artifact = artifact(source, speaker, id, text);
    let stream: Vec<&str> = said.iter().copied().chain(artifact.iter().map(String::as_str)).collect();
    run(&stream, source, configured)
}

/// `kind id @region name=… version=… digest=… tags=… place`.
fn shown(images: &[PlatformImage]) -> Vec<String> {
    let show = |image: &PlatformImage| {
        let mut text = format!("{} {} {}", image.provider, image.kind, image.id);
        let optional = [("@", &image.region), ("name=", &image.name), ("version=", &image.version)];
        for (mark, value) in optional.into_iter().chain([("digest=", &image.digest)]) {
            value.iter().for_each(|value| text.push_str(&format!(" {mark}{value}")));
        }
        if !image.tags.is_empty() {
            text.push_str(&format!(" tags={}", image.tags.join("+")));
        }
        image.place.iter().for_each(|(name, value)| text.push_str(&format!(" {name}={value}")));
        text
    };
    images.iter().map(show).collect()
}

#[test]
fn amis_of_several_regions() {
    let text = "AMIs were created:\neu-west-1: ami-0ab1\nus-east-1: ami-0cd2\n";
    let said = ["1,,ui,say,==> amazon-ebs.web: Creating AMI web-20261122 from instance i-0ab1"];
    let tags = [
        ("region", "eu-west-1"),
        ("tags.Name", "web"),
        ("tags.Team", "images"),
        ("ami_name", "web-{{timestamp}}"),
    ];
    let spoken = ("mitchellh.amazonebs", "eu-west-1:ami-0ab1,us-east-1:ami-0cd2", text);
    let images = one("amazon-ebs.web", spoken, &said, &tags);
    assert_eq!(
        shown(&images),
        [
            "aws ami ami-0ab1 @eu-west-1 name=web-20261122 tags=Name=web+Team=images",
            "aws ami ami-0cd2 @us-east-1 name=web-20261122 tags=Name=web+Team=images",
        ]
    );
    assert_eq!(images[0].listed(), "eu-west-1:ami-0ab1");
    // Nobody said the name, and what packer would still fill in is none.
    assert_eq!(one("amazon-ebs.web", spoken, &[], &tags)[0].name, None);
    let volumes =
        ("mitchellh.amazon.ebsvolume", "eu-west-1:vol-01,eu-west-1:snap-02", "EBS Volumes were created:\n\n");
    assert_eq!(
        shown(&one("amazon-ebsvolume.data", volumes, &[], &[])),
        ["aws snapshot snap-02 @eu-west-1", "aws volume vol-01 @eu-west-1"]
    );
    let imported = (
        "packer.post-processor.amazon-import",
        "us-east-1:ami-09",
        "AMIs were created:\nus-east-1: ami-09\n",
    );
    assert_eq!(shown(&one("qemu.web", imported, &[], &[])), ["aws ami ami-09 @us-east-1"]);
}

#[test]
fn azure_tells_more_than_its_id() {
    let base = "/subscriptions/1111-22/resourceGroups/images-rg/providers/Microsoft.Compute";
    let text = format!(
        "Azure.ResourceManagement.VMImage:\n\nOSType: Linux\nManagedImageResourceGroupName: images-rg\nManagedImageName: web\n\
         ManagedImageId: {base}/images/web\nManagedImageLocation: West Europe\n\
         ManagedImageSharedImageGalleryId: {base}/galleries/company/images/web/versions/1.4.0\n\
         SharedImageGalleryResourceGroup: images-rg\nSharedImageGalleryName: company\nSharedImageGalleryImageName: web\n\
         SharedImageGalleryImageVersion: 1.4.0\nSharedImageGalleryReplicatedRegions: westeurope, northeurope\n"
    );
    let id = format!("{base}/images/web");
    let images = one("azure-arm.web", ("Azure.ResourceManagement.VMImage", &id, &text), &[], &[]);
    let place = "resource_group=images-rg subscription=1111-22";
    assert_eq!(
        shown(&images),
        [
            format!("azure managed-image {base}/images/web @West Europe name=web {place}"),
            format!(
                "azure gallery-version {base}/galleries/company/images/web/versions/1.4.0 @northeurope name=web \
                 version=1.4.0 gallery=company {place}"
            ),
            format!(
                "azure gallery-version {base}/galleries/company/images/web/versions/1.4.0 @westeurope name=web \
                 version=1.4.0 gallery=company {place}"
            ),
        ]
    );
    let disk = "https://packerimages.blob.core.windows.net/system/os-disk.vhd";
    let text = format!("X:\n\nOSType: Linux\nStorageAccountLocation: westus\nVHDOSDiskUri: {disk}\n");
    assert_eq!(
        shown(&one("azure-arm.web", ("Azure.ResourceManagement.VMImage", disk, &text), &[], &[])),
        [format!("azure vhd {disk} @westus name=os-disk.vhd storage_account=packerimages")]
    );
    let lower = base.to_lowercase();
    let ids = format!("{lower}/images/web,{lower}/snapshots/web-os");
    assert_eq!(
        shown(&one(
            "azure-chroot.web",
            ("azure.chroot", &ids, "Azure resources created:\n"),
            &[],
            &[("location", "westus")]
        )),
        [
            format!("azure managed-image {lower}/images/web @westus name=web {place}"),
            format!("azure snapshot {lower}/snapshots/web-os @westus name=web-os {place}"),
        ]
    );
}

#[test]
fn google_and_other_clouds() {
    let configured = [
        ("project_id", "acme-build"),
        ("zone", "europe-west1-b"),
        ("image_labels.os", "debian"),
        ("image_family", "web"),
    ];
    for (text, project) in [
        ("A disk image was created in the 'acme-images' project: web-1", "acme-images"),
        ("A disk image was created in the '' project: web-1", "acme-build"),
        ("A disk image was created: web-1", "acme-build"),
    ] {
        assert_eq!(
            shown(&one("googlecompute.web", ("packer.googlecompute", "web-1", text), &[], &configured)),
            [format!(
                "gcp image web-1 name=web-1 tags=os=debian family=web project={project} zone=europe-west1-b"
            )]
        );
    }
    let uuid = "8a9f2c1e-0000-4000-8000-000000000001";
    assert_eq!(
        shown(&one(
            "openstack.web",
            ("mitchellh.openstack", uuid, &format!("An image was created: {uuid}")),
            &["1,,ui,say,==> openstack.web: Creating the image: web-1"],
            &[("region", "RegionOne"), ("tenant_name", "images")],
        )),
        [format!("openstack image {uuid} @RegionOne name=web-1 project=images")]
    );
    let text = "A snapshot was created: 'web-1' (ID: 4711)";
    assert_eq!(
        shown(&one("hcloud.web", ("hcloud.builder", "4711", text), &[], &[("snapshot_labels.app", "web")])),
        ["hcloud snapshot 4711 name=web-1 tags=app=web"]
    );
    let text = "A snapshot was created: 'web-1' (ID: 4711) in regions 'fra1,nyc3'";
    assert_eq!(
        shown(&one("digitalocean.web", ("pearkes.digitalocean", "fra1,nyc3:4711", text), &[], &[])),
        ["digitalocean snapshot 4711 @fra1 name=web-1", "digitalocean snapshot 4711 @nyc3 name=web-1"]
    );
}

#[test]
fn hypervisors_are_known_by_the_configuration() {
    let configured = [
        ("vcenter_server", "vc.example"),
        ("datacenter", "dc1"),
        ("cluster", "c1"),
        ("folder", "templates/linux"),
        ("datastore", "ds1"),
        ("convert_to_template", "true"),
    ];
    let spoken = ("jetbrains.vsphere", "web", "web");
    assert_eq!(
        shown(&one("vsphere-iso.web", spoken, &[], &configured)),
        ["vsphere template web name=web cluster=c1 datacenter=dc1 datastore=ds1 folder=templates/linux \
          inventory_path=/dc1/vm/templates/linux/web server=vc.example"]
    );
    // A folder that only packer knows is not left out of the path.
    let open = [("datacenter", "dc1"), ("folder", "?")];
    assert_eq!(
        shown(&one("vsphere-iso.web", spoken, &[], &open)),
        ["vsphere vm web name=web datacenter=dc1"]
    );
    // Without a datacenter, where it is is not known; that it was made a template is, by what the plugin said.
    let said = ["1,,ui,say,==> vsphere-clone.web: Converting virtual machine to template..."];
    assert_eq!(shown(&one("vsphere-clone.web", spoken, &said, &[])), ["vsphere template web name=web"]);
    assert_eq!(shown(&one("vsphere-clone.web", spoken, &[], &[])), ["vsphere vm web name=web"]);
    let import = [
        "1,,ui,say,==> vsphere-iso.web: Importing OVF template web to Content Library 'images' as the item 'web-1' with the description 'x'...",
    ];
    let destroy = [("content_library_destination.destroy", "true"), ("datacenter", "dc1")];
    assert_eq!(
        shown(&one("vsphere-iso.web", spoken, &import, &destroy)),
        ["vsphere library-item /images/web-1 name=web-1 datacenter=dc1 library=images"]
    );
    assert_eq!(one("vsphere-iso.web", spoken, &import, &[]).len(), 2);
    assert_eq!(
        shown(&one(
            "vmware-iso.web",
            ("packer.post-processor.vsphere", "ds1::packer::web", "VM: web Folder: packer Datastore: ds1"),
            &[],
            &[]
        )),
        ["vsphere vm web name=web datastore=ds1 folder=packer"]
    );
    let node = [
        ("node", "pve1"),
        ("template_name", "web"),
        ("tags", "linux;web"),
        ("proxmox_url", "https://root@pam:hunter2@pve:8006/api2/json"),
    ];
    assert_eq!(
        shown(&one("proxmox-iso.web", ("proxmox.iso", "9000", "A template was created: 9000"), &[], &node)),
        ["proxmox template 9000 name=web tags=linux+web node=pve1 server=https://pve:8006/api2/json"]
    );
    assert_eq!(
        one("proxmox-iso.web", ("proxmox.iso", "9000", "A VM was created: 9000"), &[], &node)[0].kind,
        Kind::Vm
    );
    let esx = ("mitchellh.vmware-esx", "web", "VM files in directory: /vmfs/volumes/ds1/web");
    assert!(one("vmware-iso.web", esx, &[], &[]).is_empty());
    assert_eq!(
        shown(&one("vmware-iso.web", esx, &[], &[("keep_registered", "true"), ("remote_host", "esx1")])),
        ["esxi vm web name=web host=esx1"]
    );
}

#[test]
fn a_container_image_is_one_whatever_it_is_called() {
    let id = format!("sha256:{}", "a".repeat(64));
    let digest = format!("sha256:{}", "b".repeat(64));
    let committed = artifact(
        "docker.web",
        "packer.post-processor.docker-import",
        &id,
        &format!("Imported Docker image: {id}"),
    );
    let tagged = artifact(
        "docker.web",
        "packer.post-processor.docker-import",
        "registry.example:5000/web:1.4",
        "Imported Docker image: registry.example:5000/web:1.4 with tags registry.example:5000/web:latest registry.example:5000/web:1.4",
    );
    let pushed = [
        "1,,ui,message,    docker.web (docker-push): Pushing: registry.example:5000/web:1.4".to_owned(),
        format!("1,,ui,message,    docker.web (docker-push): 1.4: digest: {digest} size: 741"),
    ];
    let expected = [format!(
        "docker container-image {id} name=registry.example:5000/web digest={digest} \
         tags=registry.example:5000/web:1.4+registry.example:5000/web:latest"
    )];
    for parts in [[&committed, &tagged], [&tagged, &committed]] {
        let stream = pushed.iter().chain(parts.into_iter().flatten()).map(String::as_str).collect::<Vec<_>>();
        assert_eq!(shown(&run(&stream, "docker.web", &[])), expected);
    }
    // What a provisioner prints is not what a registry said.
    let printed = format!("1,,ui,message,    docker.web: 1.4: digest: {digest} size: 741");
    let stream: Vec<&str> =
        std::iter::once(printed.as_str()).chain(committed.iter().map(String::as_str)).collect();
    assert_eq!(shown(&run(&stream, "docker.web", &[])), [format!("docker container-image {id}")]);
    assert!(
        one("docker.web", ("packer.docker", "Container", "Exported Docker file: web.tar"), &[], &[])
            .is_empty()
    );
}

#[test]
fn files_are_no_images_and_unknown_plugins_are_believed() {
    for (source, spoken) in [
        ("qemu.web", ("transcend.qemu", "VM", "VM files in directory: out")),
        ("virtualbox-iso.web", ("mitchellh.virtualbox", "VM", "VM files in directory: out")),
        (
            "virtualbox-iso.web",
            ("mitchellh.post-processor.vagrant", "virtualbox", "'virtualbox' provider box: web.box"),
        ),
        ("vmware-iso.web", ("mitchellh.vmware", "web", "VM files in directory: out")),
        ("qemu.web", ("packer.post-processor.checksum", "", "")),
        ("vsphere-iso.web", ("jetbrains.vsphere", "", "")),
    ] {
        assert_eq!(one(source, spoken, &[], &[]), [], "{spoken:?}");
    }
    let spoken =
        ("alibaba.alicloud", "cn-beijing:m-2ze,cn-hangzhou:m-bp1", "Alicloud images were created:\n");
    assert_eq!(
        shown(&one("alicloud-ecs.web", spoken, &[], &[])),
        ["alicloud-ecs image m-2ze @cn-beijing", "alicloud-ecs image m-bp1 @cn-hangzhou"]
    );
    for id in ["sha256:abc", "https://example/x", "ocid1.image.oc1..aaaa", "a:b"] {
        assert_eq!(
            shown(&one("oracle-oci.web", ("packer.oracle.oci", id, ""), &[], &[])),
            [format!("oracle-oci image {id}")]
        );
    }
}

#[test]
fn a_manifest_alone_is_enough() {
    let manifest: PackerManifest = serde_json::from_str(
        r#"{"builds": [
            {"name": "web", "builder_type": "amazon-ebs", "files": null, "artifact_id": "eu-west-1:ami-1", "custom_data": null},
            {"name": "web", "builder_type": "proxmox-iso", "files": null, "artifact_id": "100", "custom_data": {"node": "pve2", "n": 3}},
            {"name": "web", "builder_type": "vmware-iso", "files": [{"name": "out/disk.vmdk", "size": 1}], "artifact_id": "web"}
        ]}"#,
    )
    .unwrap();
    let images = read(&Said::new(&[], Some(&manifest), &[]), &Configured::default());
    assert_eq!(shown(&images), ["aws ami ami-1 @eu-west-1", "proxmox template 100 node=pve2"]);
}

#[test]
fn places_that_are_set_are_declared() {
    assert!(PLACES.is_sorted());
    let source =
        [include_str!("azure.rs"), include_str!("clouds.rs"), include_str!("hypervisors.rs")].concat();
    let set: std::collections::BTreeSet<&str> =
        source.split(".at(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let declared: std::collections::BTreeSet<&str> = PLACES.iter().map(|(name, _)| *name).collect();
    assert_eq!(set, declared);
}
