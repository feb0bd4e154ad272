//! The write side of the index: replaces products, commits, and shows the result to searches.

use super::{
    SearchConfig, SearchIndexError,
    document::DocumentWriter,
    names::Names,
    row::ProductRow,
    schema::{FORMAT, Fields, register, schema, settings},
    view::View,
};
use daybook_domain::{ProductId, product::ProductStatus};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term,
    directory::MmapDirectory, merge_policy::LogMergePolicy,
};

/// Indexes up to this size are read whole when opened, to find damage before it answers searches.
const VERIFIED_BYTES: u64 = 256 << 20;

/// What a commit says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) format: u32,
    /// Of the rows it was made from.
    pub(super) lineage: String,
    pub(super) position: u64,
}

pub(super) struct SearchWriter {
    writer: IndexWriter,
    reader: IndexReader,
    pub(super) fields: Fields,
    documents: DocumentWriter,
}

impl SearchWriter {
    /// Opens the index in `dir`, with its last commit; none if it is new. An index that is damaged or of
    /// another format is thrown away: everything in it can be made again.
    pub(super) fn open(
        dir: &Path,
        config: &SearchConfig,
    ) -> Result<(Self, Option<Commit>), SearchIndexError> {
        fs::create_dir_all(dir)?;
        match Self::open_intact(dir, config) {
            Err(reason) if reason.is_damage() => {
                tracing::warn!(dir = %dir.display(), %reason, "the search index is unusable and is built anew");
                fs::remove_dir_all(dir)?;
                fs::create_dir_all(dir)?;
                Self::open_intact(dir, config)
            }
            opened => opened,
        }
    }

    fn open_intact(dir: &Path, config: &SearchConfig) -> Result<(Self, Option<Commit>), SearchIndexError> {
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(dir).map_err(TantivyError::from)?;
        let index = Index::builder().schema(schema).settings(settings()).open_or_create(directory)?;
        register(&index);
        let size: u64 =
            fs::read_dir(dir)?.flatten().filter_map(|file| file.metadata().ok()).map(|m| m.len()).sum();
        if size <= VERIFIED_BYTES
            && let Some(file) = index.validate_checksum()?.into_iter().next()
        {
            return Err(SearchIndexError::Damaged { file: file.display().to_string() });
        }
        let commit = match index.load_metas()?.payload {
            None => None,
            Some(payload) => match serde_json::from_str::<Commit>(&payload) {
                Ok(commit) if commit.format == FORMAT => Some(commit),
                _ => return Err(SearchIndexError::OtherFormat { known: FORMAT, payload }),
            },
        };
        let writer = index.writer_with_num_threads(1, config.writer_memory_bytes)?;
        let mut merging = LogMergePolicy::default();
        merging.set_del_docs_ratio_before_merge(0.3);
        writer.set_merge_policy(Box::new(merging));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let documents = DocumentWriter::new(fields);
        Ok((Self { writer, reader, fields, documents }, commit))
    }

    /// Forgets every product.
    pub(super) fn clear(&mut self) -> Result<(), SearchIndexError> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Makes the product's entry what `row` says; without a row or while unpublished it has none.
    pub(super) fn replace(
        &mut self,
        id: &ProductId,
        row: Option<&ProductRow>,
    ) -> Result<(), SearchIndexError> {
        self.writer.delete_term(Term::from_field_text(self.fields.id, id.as_str()));
        if let Some(row) = row.filter(|row| row.status == ProductStatus::Published) {
            let document: TantivyDocument = self.documents.write(id, row);
            self.writer.add_document(document)?;
        }
        Ok(())
    }

    /// Commits everything replaced, durably and all or nothing.
    pub(super) fn commit(&mut self, commit: &Commit) -> Result<(), SearchIndexError> {
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(&serde_json::to_string(commit).expect("a commit has text keys only"));
        prepared.commit()?;
        Ok(())
    }

    /// The last commit as searches see it.
    pub(super) fn view(
        &self,
        before: Option<&View>,
        names: &RwLock<Names>,
    ) -> Result<View, SearchIndexError> {
        self.reader.reload()?;
        View::next(before, self.reader.searcher(), self.fields, names)
    }
}
