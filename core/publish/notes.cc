// SPDX-License-Identifier: Apache-2.0
#include "core/publish/notes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/publish/files.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr const char* kName = ".xpu-refresh";
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

constexpr std::pair<cdi::NameBy, const char*> kNameBy[] = {
    {cdi::NameBy::kIndex, "index"}, {cdi::NameBy::kUuid, "uuid"}, {cdi::NameBy::kPci, "pci"}};

bj::array array_of(const std::vector<std::string>& texts) {
  return bj::array(texts.begin(), texts.end());
}

bj::object object_of(const CdiNote& note) {
  const CdiWish& wish = note.wish;
  bj::array names;
  for (const auto& [by, name] : kNameBy) {
    if (contains(wish.names, by)) {
      names.emplace_back(name);
    }
  }
  bj::object out = {{"files", array_of(note.files)},
                    {"backends", array_of(wish.backends)},
                    {"kind", wish.kind},
                    {"names", names},
                    {"features", array_of(wish.features)},
                    {"library-folders", array_of(wish.library_folders)},
                    {"options", array_of(wish.options)},
                    {"generated-dir", wish.generated_dir},
                    {"for-bare-images", wish.for_bare_images}};
  if (wish.capabilities) {
    out["capabilities"] = array_of(*wish.capabilities);
  }
  return out;
}

std::vector<std::string> texts_of(const bj::value& value) {
  std::vector<std::string> out;
  for (const bj::value& one : value.as_array()) {
    out.emplace_back(one.as_string());
  }
  return out;
}

CdiNote note_of(const bj::object& object) {
  CdiNote out;
  CdiWish& wish = out.wish;
  out.files = texts_of(object.at("files"));
  for (const std::string& file : out.files) {
    if (file.empty() || file.find('/') != file.npos) {
      fail("\"", file, "\" is no name of a file");
    }
  }
  wish.backends = texts_of(object.at("backends"));
  wish.kind = object.at("kind").as_string();
  wish.names.clear();
  for (const std::string& name : texts_of(object.at("names"))) {
    for (const auto& [by, known] : kNameBy) {
      if (name == known) {
        wish.names.push_back(by);
      }
    }
  }
  if (const bj::value* capabilities = object.if_contains("capabilities")) {
    wish.capabilities = texts_of(*capabilities);
  }
  wish.features = texts_of(object.at("features"));
  wish.library_folders = texts_of(object.at("library-folders"));
  wish.options = texts_of(object.at("options"));
  wish.generated_dir = object.at("generated-dir").as_string();
  wish.for_bare_images = object.at("for-bare-images").as_bool();
  return out;
}

void write_notes(const std::string& folder, const std::vector<CdiNote>& notes) {
  const Fd fd = open_trusted(folder, TrustKind::kFolder);
  if (!fd) {
    return;
  }
  if (notes.empty()) {
    if (::unlinkat(fd.get(), kName, 0) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", folder, '/', kName);
    }
    return;
  }
  bj::array wishes;
  for (const CdiNote& note : notes) {
    wishes.push_back(object_of(note));
  }
  const std::string text =
      bj::serialize(bj::object{{"version", 1}, {"wishes", std::move(wishes)}}) + "\n";
  if (read_file_if_present(cat(folder, '/', kName), kMostBytes) == text) {
    return;
  }
  remove_stale_temporaries(fd.get(), kName);
  write_file_atomic(fd.get(), folder, kName, text, {.mode = 0644, .sync = true});
}

std::vector<std::string> names_of(const CdiDocuments& documents) {
  std::vector<std::string> out;
  for (const CdiDocument& document : documents.documents) {
    out.push_back(document.name + ".json");
  }
  return out;
}

bool share_a_file(const CdiNote& one, const CdiNote& other) {
  return std::any_of(one.files.begin(), one.files.end(),
                     [&](const std::string& file) { return contains(other.files, file); });
}

bool is_there(const std::string& folder, const std::string& name) {
  struct stat status = {};
  return ::lstat(cat(folder, '/', name).c_str(), &status) == 0;
}

}  // namespace

std::vector<CdiNote> cdi_notes(const std::string& folder) {
  const std::string path = cat(folder, '/', kName);
  const Fd fd = open_trusted(path, TrustKind::kFile);
  std::vector<CdiNote> out;
  if (!fd) {
    return out;
  }
  try {
    const bj::value document = bj::parse(read_fd(fd.get(), path, kMostBytes));
    const bj::object& top = document.as_object();
    if (top.at("version").as_int64() != 1) {
      fail("it is of another version");
    }
    for (const bj::value& wish : top.at("wishes").as_array()) {
      out.push_back(note_of(wish.as_object()));
    }
  } catch (const std::exception& error) {
    fail(path, " is not what xpu-runtime cdi refresh writes (", error.what(),
         "); remove it, and run xpu-runtime cdi refresh again");
  }
  return out;
}

void note_cdi_refresh(const std::string& folder, const CdiWish& wish,
                      const CdiDocuments& documents) {
  std::vector<CdiNote> notes;
  try {
    notes = cdi_notes(folder);
  } catch (const Error&) {
    // A new note takes the place of one that cannot be read.
  }
  const CdiNote note{wish, names_of(documents)};
  std::erase_if(notes, [&](const CdiNote& old) {
    return share_a_file(old, note) ||
           (old.wish.kind == wish.kind && old.wish.backends == wish.backends);
  });
  notes.push_back(note);
  write_notes(folder, notes);
}

std::vector<std::string> repeat_cdi_refresh(const Config& config, const std::string& folder,
                                            std::vector<std::string>* problems) {
  std::vector<std::string> changes;
  std::vector<CdiNote> notes = cdi_notes(folder);
  const auto ended = [&](const CdiNote& note) {
    return !note.files.empty() &&
           std::none_of(note.files.begin(), note.files.end(),
                        [&](const std::string& file) { return is_there(folder, file); });
  };
  const bool any = !notes.empty();
  std::erase_if(notes, [&](const CdiNote& note) {
    if (ended(note)) {
      changes.push_back(cat(folder, ": ", note.files.front(), note.files.size() > 1 ? ", ..." : "",
                            " were removed by others, and are not made again"));
    }
    return ended(note);
  });
  for (CdiNote& note : notes) {
    try {
      const CdiDocuments made = cdi_documents(config, note.wish);
      std::vector<std::string> files = names_of(made);
      if (files != note.files) {
        // Whoever is killed now has not removed files that are to stay away.
        note.files.clear();
        write_notes(folder, notes);
      }
      const std::vector<std::string> more =
          refresh_cdi_files(config, note.wish, made, {folder, false});
      changes.insert(changes.end(), more.begin(), more.end());
      note.files = std::move(files);
    } catch (const Error& error) {
      problems->push_back(cat(folder, ": ", error.what()));
    }
  }
  if (any) {
    write_notes(folder, notes);
  }
  return changes;
}

}  // namespace xpu
