// SPDX-License-Identifier: Apache-2.0
// Conditions on the image: what some edits ask it not to have.
#include <algorithm>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/plan/draft.h"

namespace xpu {
namespace {

// Looks at names in folders; an image that makes more necessary is looked at no further.
constexpr int kMaxLooks = 65536;
constexpr std::size_t kMaxListed = 1 << 20;  // names in the folders that are searched

// '*' stands for any text.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t at = 0, from = 0;
  std::size_t star = std::string_view::npos, after = 0;  // the last '*', and what it ends before
  while (from < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      after = from;
    } else if (at < pattern.size() && pattern[at] == name[from]) {
      ++at;
      ++from;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      from = ++after;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool has_star(std::string_view pattern) {
  return pattern.find('*') != std::string_view::npos;
}

// Looks things up in an image as its own loader and programs would.
class Image {
 public:
  Image(const Spec& spec, const ContainerView& view, const Facts& facts)
      : view_(view),
        facts_(facts),
        folders_(search_folders(view, variable_of(spec, "LD_LIBRARY_PATH"))) {
    folders_.insert(folders_.end(), facts.loader.folders.begin(), facts.loader.folders.end());
  }

  // The first thing that the image has of a list of names and patterns; "" for none.
  std::string find(const std::string& list) {
    for (const std::string& pattern : grammar::split(list)) {
      const std::string found =
          pattern.starts_with('/') ? find_path("", pattern.substr(1)) : find_library(pattern);
      if (!found.empty()) {
        return found;
      }
    }
    return "";
  }

 private:
  // What leads nowhere, or in circles, is not there; nor is the empty file that an earlier start of
  // the container made to mount on.
  bool there(const std::string& path) const {
    try {
      const std::optional<struct stat> status = view_.stat(path);
      return status && !(S_ISREG(status->st_mode) && status->st_size == 0);
    } catch (const Error&) {
      return false;
    }
  }
  std::vector<std::string> list(const std::string& folder) const {
    try {
      return view_.list(folder);
    } catch (const Error&) {
      return {};
    }
  }

  std::string find_library(const std::string& pattern) {
    if (facts_.ld_cache) {
      const std::optional<std::int32_t> flags = ld_cache_flags(facts_.native_architecture);
      for (const LdCacheEntry& entry : facts_.ld_cache->entries) {
        if (entry.flags == flags && matches(pattern, entry.soname) &&
            there(std::string(entry.path))) {
          return std::string(entry.path);
        }
      }
    }
    for (const std::string& folder : folders_) {
      const std::string found = find_path(folder, pattern);
      if (!found.empty()) {
        return found;
      }
    }
    return "";
  }

  // `pattern` below a folder ("" for the root).
  std::string find_path(const std::string& folder, std::string_view pattern) {
    const std::size_t slash = pattern.find('/');
    const std::string name(pattern.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    std::vector<std::string> names = {name};
    if (has_star(name)) {
      names =
          listed_ > kMaxListed ? std::vector<std::string>() : list(folder.empty() ? "/" : folder);
      listed_ += names.size() + 1;
      std::erase_if(names, [&](const std::string& entry) { return !matches(name, entry); });
      std::sort(names.begin(), names.end());
    }
    for (const std::string& entry : names) {
      if (++looks_ > kMaxLooks) {
        return "";
      }
      const std::string path = cat(folder, "/", entry);
      std::string found =
          last ? (there(path) ? path : "") : find_path(path, pattern.substr(slash + 1));
      if (!found.empty()) {
        return found;
      }
    }
    return "";
  }

  const ContainerView& view_;
  const Facts& facts_;
  std::vector<std::string> folders_;
  int looks_ = 0;
  std::size_t listed_ = 0;
};

std::string name_of(const File& file) {
  return file.kind == FileKind::kLibrary ? file.soname : file.container_path;
}
std::string name_of(const EnvVar& variable) {
  return variable.name;
}
std::string name_of(const Link& link) {
  return link.path;
}
std::string name_of(const Text& text) {
  return text.path;
}
std::string name_of(const ImageFolder& folder) {
  return folder.folder;
}
// Not worth a word.
std::string name_of(const Note&) {
  return "";
}

// Each list of patterns is looked for once.
class Conditions {
 public:
  Conditions(const Spec& spec, const ContainerView& view, const Facts& facts)
      : image_(spec, view, facts) {}

  template <class T>
  std::vector<Wanted<T>> kept(const std::vector<Wanted<T>>& all) {
    std::vector<Wanted<T>> out;
    for (const Wanted<T>& wanted : all) {
      if (wanted.image_lacks.empty()) {
        out.push_back(wanted);
        continue;
      }
      Answer& answer = answer_for(wanted.image_lacks);
      if (answer.found.empty()) {
        out.push_back(wanted);
      } else if (const std::string name = name_of(wanted.item); !name.empty()) {
        answer.left_out.push_back(name);
      }
    }
    return out;
  }

  void tell(std::vector<std::string>& notes) const {
    constexpr std::size_t kNamed = 4;
    for (const Answer& answer : answers_) {
      std::string names;
      for (std::size_t i = 0; i < std::min(answer.left_out.size(), kNamed); ++i) {
        names.append(i == 0 ? "" : ", ").append(answer.left_out[i]);
      }
      if (answer.left_out.size() > kNamed) {
        names += cat(" and ", answer.left_out.size() - kNamed, " more");
      }
      if (!names.empty()) {
        notes.push_back(
            cat("the image has ", answer.found, ", so that the host's are left out: ", names));
      }
    }
  }

 private:
  struct Answer {
    std::string patterns, found;
    std::vector<std::string> left_out;
  };

  Answer& answer_for(const std::string& patterns) {
    const auto known = std::find_if(answers_.begin(), answers_.end(), [&](const Answer& answer) {
      return answer.patterns == patterns;
    });
    return known != answers_.end()
               ? *known
               : answers_.emplace_back(Answer{patterns, image_.find(patterns), {}});
  }

  Image image_;
  std::vector<Answer> answers_;
};

template <class T>
bool no_condition(const std::vector<Wanted<T>>& all) {
  return std::all_of(all.begin(), all.end(),
                     [](const Wanted<T>& wanted) { return wanted.image_lacks.empty(); });
}

}  // namespace

bool unconditional(const Edits& edits) {
  return no_condition(edits.files) && no_condition(edits.env) && no_condition(edits.links) &&
         no_condition(edits.texts) && no_condition(edits.image_folders) &&
         no_condition(edits.notes);
}

Edits edits_for_image(const Edits& edits, const Spec& spec, const ContainerView& view,
                      const Facts& facts, std::vector<std::string>& notes) {
  Conditions conditions(spec, view, facts);
  Edits out;
  out.nodes = edits.nodes;
  out.files = conditions.kept(edits.files);
  out.env = conditions.kept(edits.env);
  out.links = conditions.kept(edits.links);
  out.texts = conditions.kept(edits.texts);
  out.image_folders = conditions.kept(edits.image_folders);
  out.notes = conditions.kept(edits.notes);
  conditions.tell(notes);
  return out;
}

}  // namespace xpu
