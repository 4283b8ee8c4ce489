// SPDX-License-Identifier: Apache-2.0
// A backend whose hardware is a TOML file: a complete backend as a third party would write it, and
// the way to see the whole product work on a machine that has no accelerator.
#include <optional>

#include "sdk/helpers/fs.h"
#include "sdk/sim/hardware.h"
#include "sdk/sim/live.h"

namespace xpu::sim {
namespace {

constexpr std::size_t kMaxContent = 65536;  // of XPU_VALID_CONTENT

class Sim : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override {
    const std::string file = sink.option("hardware");
    const auto text = read_hardware(file);
    if (text && text->size() > kMaxContent) {
      sink.valid_while_same(file);
    } else {
      sink.valid_while_content(file);
    }
    if (!text) {
      if (!sdk::Root("/").resolve(file)) {
        throw sdk::Absent("hardware file " + file + " does not exist");
      }
      throw sdk::Invalid("hardware file " + file +
                         " cannot be read: it must be a regular file of at most 4 MiB");
    }
    const Hardware hardware = parse_hardware(*text, file);
    emit_validity(sink, hardware.validity);
    if (hardware.devices.empty()) {
      throw sdk::Absent("hardware file " + file + " lists no device");
    }
    emit(sink, hardware);
  }

  void start_watching(sdk::Events& events) override {
    watched_.emplace(events.option("hardware"));
    watched_->begin(events);
  }
  int descriptor() const override { return watched_ ? watched_->fd() : -1; }
  std::uint32_t dispatch(sdk::Events& events) override { return watched_->dispatch(events); }
  void stop_watching() override { watched_.reset(); }
  void sample(sdk::Samples& samples) override { take_sample(samples); }

 private:
  static void emit_validity(sdk::Sink& sink, const Validity& validity) {
    for (const std::string& path : validity.same) {
      sink.valid_while_same(path);
    }
    for (const std::string& path : validity.listing) {
      sink.valid_while_listing(path);
    }
    for (const std::string& path : validity.content) {
      sink.valid_while_content(path);
    }
    if (validity.seconds > 0) {
      sink.valid_for_seconds(validity.seconds);
    }
  }

  static void emit(sdk::Sink& sink, const Hardware& hardware) {
    for (const std::string& capability : hardware.capabilities) {
      sink.capability(capability);
    }
    for (const auto& [key, value] : hardware.properties) {
      sink.property(key, value);
    }
    for (const SimDevice& found : hardware.devices) {
      sink.device(found.device);
      for (const std::string& alias : found.aliases) {
        sink.alias(found.device, alias);
      }
      for (const auto& [key, value] : found.properties) {
        sink.property(found.device, key, value);
      }
      emit_edits(sink, found.edits, with(found.device));
    }
    for (const SimInterconnect& link : hardware.interconnects) {
      sink.interconnect(hardware.devices[link.device].device, hardware.devices[link.peer].device,
                        link.type, link.weight);
    }
    emit_edits(sink, hardware.edits, sdk::always());
  }

  // Each item in the scope of its device (or of none) and of what it says itself.
  static void emit_edits(sdk::Sink& sink, const Edits& edits, const sdk::Scope& owner) {
    for (const SimNode& item : edits.nodes) {
      sink.node(scope(owner, item.when), item.node);
    }
    for (const SimFile& item : edits.files) {
      sink.file(scope(owner, item.when), item.file);
    }
    for (const SimEnv& item : edits.env) {
      item.expand ? sink.expanded_env(scope(owner, item.when), item.name, item.value)
                  : sink.env(scope(owner, item.when), item.name, item.value);
    }
    for (const SimLink& item : edits.links) {
      sink.link(scope(owner, item.when), item.path, item.target);
    }
    for (const SimValue& item : edits.values) {
      sink.value(scope(owner, item.when), item.combine, item.name, item.value);
    }
    for (const SimText& item : edits.texts) {
      item.expand ? sink.expanded_text(scope(owner, item.when), item.path, item.content)
                  : sink.text(scope(owner, item.when), item.path, item.content);
    }
    for (const SimNote& item : edits.notes) {
      sink.note(scope(owner, item.when), item.severity, item.text);
    }
    for (const SimImageFolder& item : edits.image_folders) {
      sink.image_folder(scope(owner, item.when), item.folder, item.library, item.version);
    }
  }

  static sdk::Scope scope(sdk::Scope owner, const When& when) {
    owner.capability = when.capability;
    owner.item = when.item;
    owner.image_lacks = when.image_lacks;
    return owner;
  }

  std::optional<Watched> watched_;
};

}  // namespace
}  // namespace xpu::sim

using xpu::sim::Sim;
XPU_BACKEND(Sim, "sim", XPU_VERSION)
