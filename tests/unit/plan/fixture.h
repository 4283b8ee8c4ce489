// SPDX-License-Identifier: Apache-2.0
// A container with a root file system, and a made-up vendor's driver on its host.
#pragma once

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/plan/plan.h"
#include "tests/unit/rootfs/tree.h"

namespace xpu::test {

using Texts = std::vector<std::string>;

inline std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    fs::create_directories(root() / "etc");
    facts_.state_dir = state();
    facts_.native_architecture = "x86_64";
  }
  ~PlanTest() override {
    if (read_only_) {
      ::umount2(root().c_str(), MNT_DETACH);
    }
  }

  fs::path root() const { return scratch_ / "root"; }
  fs::path host() const { return scratch_ / "host"; }
  fs::path state() const { return scratch_ / "state/container"; }

  // Debian's layout with glibc.
  void debian() {
    put(root() / "usr/lib/x86_64-linux-gnu/libc.so.6");
    link(root() / "lib", "usr/lib");
    link(root() / "lib64", "usr/lib64");
    put(root() / "usr/lib64/ld-linux-x86-64.so.2");
  }

  // Loads the spec and the facts that follow from the root file system.
  void load(const std::string& mounts = "", const std::string& more = "") {
    document_ =
        R"({"ociVersion":"1.0.2","root":{"path":"root"},"mounts":[)" + mounts + "]" + more + "}";
    spec_.emplace(document_, "config.json");
    spec_->load();
    rootfs_.emplace(root());
    view_.emplace(*spec_, *rootfs_, scratch_.path());
    facts_.loader = find_loader(*view_, "x86_64");
    facts_.loader32 = find_loader(*view_, "i386");
    facts_.ld_cache.reset();
    if (const std::optional<std::string> bytes = view_->read("/etc/ld.so.cache", 1U << 20)) {
      facts_.ld_cache = parse_ld_cache(*bytes);
    }
  }

  const Plan& make() {
    if (!view_) {
      load();
    }
    plan_ = make_plan(edits_, *spec_, *view_, facts_);
    return plan_;
  }
  std::string error() {
    return error_of([&] { make(); });
  }
  void prepare() {
    prepare_rootfs(plan_, *rootfs_, facts_);
    prepare_state(plan_, state());
  }

  // From here on the root file system is read-only, as an image on a read-only disk is.
  bool make_read_only() {
    if (::mount(root().c_str(), root().c_str(), nullptr, MS_BIND, nullptr) != 0) {
      return false;
    }
    read_only_ = true;
    return ::mount(nullptr, root().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) ==
           0;
  }

  static std::string bind(const std::string& destination, const std::string& source) {
    return R"({"destination":")" + destination + R"(","type":"bind","source":")" + source +
           R"(","options":["rbind"]})";
  }
  static std::string mount(const std::string& type, const std::string& destination) {
    return R"({"destination":")" + destination + R"(","type":")" + type + R"(","source":")" + type +
           R"("})";
  }

  // (Member by member: GCC 12 takes the temporaries of braces for uninitialized.)
  template <class T>
  static void add(std::vector<Wanted<T>>& list, const std::type_identity_t<T>& item,
                  const std::string& why, const std::string& image_lacks = "") {
    Wanted<T>& wanted = list.emplace_back();
    wanted.item = item;
    wanted.why = why;
    wanted.image_lacks = image_lacks;
  }

  File& add_library(const std::string& soname, const std::string& below = "",
                    const Texts& links = {}, const std::string& architecture = "x86_64") {
    const std::string path = host() / architecture / soname;
    put(path, "the driver's " + soname);
    edits_.files.push_back(
        {{FileKind::kLibrary, path, below, soname, architecture, links}, "capability compute"});
    return edits_.files.back().item;
  }
  File& add_file(FileKind kind, const std::string& container_path) {
    const std::string path = host().string() + container_path;
    if (kind == FileKind::kDirectory) {
      fs::create_directories(path);
    } else {
      put(path, "the driver's");
    }
    edits_.files.push_back({{kind, path, container_path, "", "", {}}, "backend acme"});
    return edits_.files.back().item;
  }
  // A node that exists on every host and that everybody may use.
  Node& add_node(const std::string& container_path = "/dev/acme0") {
    add(edits_.nodes, {"/dev/null", container_path, 'c', 1, 3}, "device acme:0");
    return edits_.nodes.back().item;
  }

  const PlannedMount* mount_at(const std::string& destination) const {
    const auto found = std::find_if(
        plan_.mounts.begin(), plan_.mounts.end(),
        [&](const PlannedMount& planned) { return planned.destination == destination; });
    return found == plan_.mounts.end() ? nullptr : &*found;
  }
  Texts destinations() const {
    Texts out;
    for (const PlannedMount& planned : plan_.mounts) {
      out.push_back(planned.destination);
    }
    return out;
  }
  const PlannedRootfsWrite* write_at(const std::string& path) const {
    const auto found =
        std::find_if(plan_.rootfs.begin(), plan_.rootfs.end(),
                     [&](const PlannedRootfsWrite& write) { return write.path == path; });
    return found == plan_.rootfs.end() ? nullptr : &*found;
  }
  // "SONAME => PATH" of every entry of a cache.
  static Texts listing(const std::string& bytes) {
    Texts out;
    const std::optional<LdCache> cache = parse_ld_cache(bytes);
    EXPECT_TRUE(cache.has_value());
    if (cache) {
      for (const LdCacheEntry& entry : cache->entries) {
        out.push_back(cat(entry.soname, " => ", entry.path));
      }
    }
    return out;
  }
  void put_cache(const std::vector<std::pair<std::string, std::string>>& entries) {
    LdCache cache;
    for (const auto& [soname, path] : entries) {
      cache.entries.push_back({0x0303, soname, path, 0, 0});
    }
    put(root() / "etc/ld.so.cache", serialize_ld_cache(cache));
  }

  Scratch scratch_;
  Edits edits_;
  Facts facts_;
  Plan plan_;
  std::string mounts_, more_, document_;
  std::optional<Spec> spec_;
  std::optional<Rootfs> rootfs_;
  std::optional<ContainerView> view_;
  bool read_only_ = false;
};

}  // namespace xpu::test
