//! The blocks of a template that are built: which sources, builds and provisioners count for a builder, with `dynamic`
//! blocks unfolded.

use std::collections::BTreeSet;

use hc_config::Value;
use hc_config::hcl::Document;
use hc_config::hcl::eval::Scope;
use hc_config::hcl::hcl_edit::structure::{Block as HclBlock, Body};
use indexmap::IndexMap;

use super::positions::Block;
use super::refs;
use super::texts;
use super::world::Template;
use crate::inventory::bare;

/// More rounds of one `dynamic` block than this are not unfolded.
const MOST_ROUNDS: usize = 256;
/// Deeper nested blocks are left to packer.
const DEEPEST: usize = 20;

/// One attribute that packer reads.
pub(super) struct Site<'s> {
    pub(super) block: Block,
    /// Type of the source, provisioner or post-processor.
    pub(super) plugin: &'s str,
    /// Name of the block inside of the plugin's, empty for its own attributes.
    pub(super) inner: &'s str,
    pub(super) body: &'s Body,
    pub(super) document: &'s Document,
    pub(super) scope: &'s Scope,
}

/// Gets every body of a plugin.
pub(super) type Visitor<'v> = dyn FnMut(&Site<'_>) + 'v;

/// An address with the name in it.
fn named(address: String) -> (String, String) {
    let name = address.split_once('.').map_or("", |(_, name)| name).to_owned();
    (address, name)
}

/// The sources of a builder, as `type.name`, each with the name that it has in its build.
type Sources = BTreeSet<(String, String)>;

/// What is built of which template.
#[derive(Clone, Copy)]
pub(super) struct Built<'a> {
    pub(super) documents: &'a [Document],
    /// Addresses of all sources that have a block: `type.name`.
    pub(super) sources: &'a [String],
    /// What packer gets by `-only`.
    pub(super) only: Option<&'a str>,
}

/// Walks what is built.
pub(super) struct Walk<'a, 't> {
    built: Built<'a>,
    template: &'a Template<'t>,
    only: Option<globset::GlobMatcher>,
}

impl<'a, 't> Walk<'a, 't> {
    pub(super) fn new(built: Built<'a>, template: &'a Template<'t>) -> Self {
        let only = built.only.and_then(|only| globset::Glob::new(only).ok());
        Self { built, template, only: only.map(|only| only.compile_matcher()) }
    }

    /// Hands every body to `visit`, once for each source where its values depend on it.
    pub(super) fn each(&self, visit: &mut Visitor<'_>) {
        let mut used = Sources::new();
        for document in self.built.documents {
            for block in document.body().get_blocks("build") {
                used.extend(self.build(document, block, visit));
            }
        }
        if used.is_empty() {
            // Packer will say what is wrong with it; until then everything counts.
            used.extend(self.built.sources.iter().cloned().map(named));
        }
        for document in self.built.documents {
            for block in document.body().blocks() {
                let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
                match (block.ident.as_str(), labels.as_slice()) {
                    ("source", [kind, name]) => {
                        let address = format!("{kind}.{name}");
                        let names = used.iter().filter(|(source, _)| *source == address);
                        for (_, name) in names {
                            self.template.context.borrow_mut().source =
                                Some((kind.to_string(), name.clone()));
                            self.body(document, block, Block::Source, kind, visit);
                        }
                        self.template.context.borrow_mut().source = None;
                    }
                    ("data", [kind, _]) => self.body(document, block, Block::Data, kind, visit),
                    _ => {}
                }
            }
        }
    }

    /// One `build` block; returns the sources that it builds for this builder.
    fn build(&self, document: &Document, block: &HclBlock, visit: &mut Visitor<'_>) -> Sources {
        let name = self.text(document, &block.body, "name");
        self.template.context.borrow_mut().build = Some(name.clone().unwrap_or_default());
        let sources: Sources = self
            .sources(document, block)
            .into_iter()
            .filter(|source| self.wanted(name.as_deref(), source))
            .collect();
        if !sources.is_empty() {
            self.members(document, &block.body, &sources, visit);
        }
        self.template.context.borrow_mut().build = None;
        sources
    }

    fn text(&self, document: &Document, body: &Body, name: &str) -> Option<String> {
        let (values, _) =
            texts::values(self.template, document, &body.get_attribute(name)?.value, &Scope::open());
        match values.as_slice() {
            [Ok(Value::String(text))] => Some(text.clone()),
            _ => None,
        }
    }

    /// `None` where they are not known.
    fn list(&self, document: &Document, body: &Body, name: &str) -> Option<Vec<String>> {
        let (values, _) =
            texts::values(self.template, document, &body.get_attribute(name)?.value, &Scope::open());
        let [Ok(Value::List(items))] = values.as_slice() else { return None };
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    }

    /// What a build names; all sources of the template where only packer knows.
    fn sources(&self, document: &Document, block: &HclBlock) -> Sources {
        let bare = |address: &str| bare(address).to_owned();
        let mut found = Sources::new();
        match self.list(document, &block.body, "sources") {
            Some(list) => found.extend(list.iter().map(|address| named(bare(address)))),
            None if block.body.has_attribute("sources") => {
                found.extend(self.built.sources.iter().cloned().map(named));
            }
            None => {}
        }
        for source in block.body.get_blocks("source") {
            let Some(label) = source.labels.first() else { continue };
            let (address, name) = named(bare(label.as_str()));
            let local = self.text(document, &source.body, "name");
            found.insert((address, local.unwrap_or(name)));
        }
        found
    }

    /// Whether this builder builds a source of the build `name`.
    fn wanted(&self, name: Option<&str>, (address, local): &(String, String)) -> bool {
        let (Some(only), Some(text)) = (&self.only, self.built.only) else { return true };
        let kind = address.split('.').next().unwrap_or_default();
        let addresses = [address.clone(), format!("{kind}.{local}")];
        addresses.iter().any(|address| {
            only.is_match(address)
                || text == address
                || name.is_some_and(|name| only.is_match(format!("{name}.{address}")))
                || name.is_none() && text.ends_with(&format!(".{address}"))
        })
    }

    /// Provisioners and post-processors of a build, and blocks that hold them.
    fn members(&self, document: &Document, body: &Body, sources: &Sources, visit: &mut Visitor<'_>) {
        for block in body.blocks() {
            let label = block.labels.first().map(|label| label.as_str());
            let kind = match block.ident.as_str() {
                "provisioner" | "error-cleanup-provisioner" => Block::Provisioner,
                "post-processor" => Block::PostProcessor,
                "post-processors" => {
                    self.members(document, &block.body, sources, visit);
                    continue;
                }
                "source" => Block::Source,
                "dynamic" => {
                    self.dynamic_member(document, block, sources, visit);
                    continue;
                }
                _ => continue,
            };
            let Some(label) = label else { continue };
            let plugin = match kind {
                Block::Source => bare(label).split('.').next().unwrap_or(label),
                _ => label,
            };
            self.member(document, &block.body, (kind, plugin), sources, &Scope::open(), visit);
        }
    }

    /// One provisioner, for every source that it runs for.
    fn member(
        &self,
        document: &Document,
        body: &Body,
        (kind, plugin): (Block, &str),
        sources: &Sources,
        scope: &Scope,
        visit: &mut Visitor<'_>,
    ) {
        let (only, except) = (self.list(document, body, "only"), self.list(document, body, "except"));
        let runs = |(address, name): &(String, String)| {
            let local = format!("{}.{name}", address.split('.').next().unwrap_or_default());
            let in_list = |list: &[String]| list.iter().any(|one| one == address || *one == local);
            match (&only, &except) {
                (Some(only), _) if !only.is_empty() => in_list(only),
                (_, Some(except)) => !in_list(except),
                _ => true,
            }
        };
        let sources: Vec<&(String, String)> = sources.iter().filter(|source| runs(source)).collect();
        let depends = refs::of_body(body).iter().any(|(root, _)| root == "source");
        let rounds = if depends { sources.len() } else { sources.len().min(1) };
        for (address, name) in sources.iter().take(rounds) {
            let kind_of_source = address.split('.').next().unwrap_or_default().to_owned();
            let several = sources.len() > 1 && !depends;
            self.template.context.borrow_mut().source = (!several).then(|| (kind_of_source, name.clone()));
            self.unfold(
                document,
                body,
                &Site { block: kind, plugin, inner: "", body, document, scope },
                0,
                visit,
            );
        }
        self.template.context.borrow_mut().source = None;
    }

    /// `dynamic "provisioner" { labels = […] content { … } }`.
    fn dynamic_member(
        &self,
        document: &Document,
        block: &HclBlock,
        sources: &Sources,
        visit: &mut Visitor<'_>,
    ) {
        let kind = match block.labels.first().map(|label| label.as_str()) {
            Some("provisioner") => Block::Provisioner,
            Some("post-processor") => Block::PostProcessor,
            _ => return,
        };
        self.rounds(document, block, &Scope::open(), &mut |scope, content| {
            let label = block.body.get_attribute("labels").and_then(|labels| {
                let (values, _) = texts::values(self.template, document, &labels.value, scope);
                match values.as_slice() {
                    [Ok(Value::List(items))] => items.first().and_then(Value::as_str).map(str::to_owned),
                    _ => None,
                }
            });
            let plugin = label.unwrap_or_default();
            self.member(document, content, (kind, &plugin), sources, scope, visit);
        });
    }

    /// Unfolds a `dynamic` block: the scope and the content of every round.
    fn rounds(
        &self,
        document: &Document,
        block: &HclBlock,
        scope: &Scope,
        round: &mut dyn FnMut(&Scope, &Body),
    ) {
        let Some(content) = block.body.get_blocks("content").next() else { return };
        let label = block.labels.first().map_or("", |label| label.as_str());
        let iterator = match block.body.get_attribute("iterator").map(|iterator| iterator.value.to_string()) {
            Some(name) => name.trim().to_owned(),
            None => label.to_owned(),
        };
        let each = |key: Value, value: Value| {
            Value::object(IndexMap::from([("key".to_owned(), key), ("value".to_owned(), value)]))
        };
        let Some(collection) = block.body.get_attribute("for_each") else { return };
        let (values, _) = texts::values(self.template, document, &collection.value, scope);
        let mut pairs: Vec<(Value, Value)> = Vec::new();
        for value in values {
            match value {
                Ok(Value::List(items)) if items.is_set() => {
                    pairs.extend(items.into_iter().map(|item| (item.clone(), item)));
                }
                Ok(Value::List(items)) => {
                    let items = items.into_iter().enumerate();
                    pairs.extend(items.map(|(at, item)| (Value::int(i64::try_from(at).unwrap_or(0)), item)));
                }
                Ok(Value::Map(entries)) => {
                    pairs.extend(entries.into_iter().map(|(key, item)| (Value::String(key), item)));
                }
                _ => pairs.push((Value::Unknown, Value::Unknown)),
            }
        }
        pairs.dedup();
        for (key, value) in pairs.into_iter().take(MOST_ROUNDS) {
            round(&scope.clone().with(&iterator, each(key, value)), &content.body);
        }
    }

    fn body(
        &self,
        document: &Document,
        block: &HclBlock,
        kind: Block,
        plugin: &str,
        visit: &mut Visitor<'_>,
    ) {
        let scope = Scope::open();
        let site = Site { block: kind, plugin, inner: "", body: &block.body, document, scope: &scope };
        self.unfold(document, &block.body, &site, 0, visit);
    }

    /// A body and the blocks in it.
    fn unfold(
        &self,
        document: &Document,
        body: &Body,
        site: &Site<'_>,
        depth: usize,
        visit: &mut Visitor<'_>,
    ) {
        visit(&Site { body, ..*site });
        if depth > DEEPEST {
            return;
        }
        for block in body.blocks() {
            if block.ident.as_str() == "dynamic" {
                let inner = block.labels.first().map_or("", |label| label.as_str());
                self.rounds(document, block, site.scope, &mut |scope, content| {
                    let site = Site { inner, scope, body: content, ..*site };
                    self.unfold(document, content, &site, depth + 1, visit);
                });
            } else {
                let site = Site { inner: block.ident.as_str(), body: &block.body, ..*site };
                self.unfold(document, &block.body, &site, depth + 1, visit);
            }
        }
    }
}
