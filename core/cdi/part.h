// SPDX-License-Identifier: Apache-2.0
// What a device of a CDI specification brings, in the making (render.h).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/catalog/values.h"
#include "core/cdi/render.h"

namespace xpu::cdi {

// Each once, in the order they came.
class Notes {
 public:
  void add(std::string note);
  std::vector<std::string> take() { return std::move(notes_); }

 private:
  std::vector<std::string> notes_;
};

class Part {
 public:
  // `common`: what every device brings besides, which is not brought again; or null.
  Part(const RenderOptions& options, Notes& notes, const Part* common)
      : options_(options), notes_(notes), common_(common) {}

  // Everything but links.
  void add(const EditGroup& group);
  void add(Mount mount);

  // Puts in what depends on the selection, those of `common` among it: the devices of this part are
  // all that a container can have of them.
  void settle();
  // Says what would have been put in.
  void tell_unsettled();

  // Two things that want to be in one place; "" for none.
  const std::string& problem() const { return problem_; }
  // Something that is fit to be brought twice.
  Edits some() const;
  // Paths in the container that it fills.
  std::vector<std::string> places() const;

  Edits take() { return std::move(edits_); }
  std::vector<Generated>& generated() { return generated_; }

 private:
  bool claim(const std::string& place, const std::string& content);
  void add(const Node& node);
  void add(const File& file);
  void add_library(const File& file);
  void add_env(const std::string& name, const std::string& value);
  void add_text(const std::string& path, const std::string& content);
  void tell(const EditGroup& group);

  const RenderOptions& options_;
  Notes& notes_;
  const Part* common_;
  Edits edits_;
  std::vector<Generated> generated_;
  std::unordered_map<std::string, std::string> claims_;  // place → what is there
  std::string problem_;
  Values values_;
  std::vector<const Value*> added_values_;
  std::vector<const EnvVar*> unsettled_env_;
  std::vector<const Text*> unsettled_texts_;
};

class LinkFolders {
 public:
  LinkFolders(const RenderOptions& options, Notes& notes) : options_(options), notes_(notes) {}

  void add(const Link& link);
  // Mounts a folder for each folder in which links are, where none of `places` is in it.
  void finish(const std::vector<std::string>& places, Part& common);

 private:
  const RenderOptions& options_;
  Notes& notes_;
  std::map<std::string, std::map<std::string, std::string>> folders_;  // folder → name → target
};

}  // namespace xpu::cdi
