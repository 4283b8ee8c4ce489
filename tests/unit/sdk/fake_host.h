// SPDX-License-Identifier: Apache-2.0
// The host's side of the C ABI: writes down, as text, what a backend says.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "xpu/backend.h"

namespace xpu::sdk::test {

class FakeHost {
 public:
  FakeHost() {
    table.struct_size = sizeof table;
    table.abi_major = table.oldest_major = XPU_ABI_MAJOR;
    table.abi_minor = table.oldest_minor = XPU_ABI_MINOR;
    table.ctx = this;
    table.set_error = [](void* ctx, xpu_status code, const char* text) {
      self(ctx).errors.push_back(std::to_string(code) + " " + text);
    };
    table.log = [](void* ctx, int32_t severity, const char* text) {
      self(ctx).say("log ", severity, " ", text);
    };
    table.option = [](void* ctx, const char* name) -> const char* {
      const auto found = self(ctx).options.find(name);
      return found == self(ctx).options.end() ? nullptr : found->second.c_str();
    };
    table.emit_device = [](void* ctx, const xpu_device* d) {
      return self(ctx).say("device ", d->struct_size, " ", d->kind, " ", d->flags, " ",
                           d->numa_node, " ", d->memory_bytes, " ", d->vendor, ":", d->index, " ",
                           d->uuid, "|", d->name, "|", d->architecture, "|", d->driver, "|", d->pci,
                           "|", d->parent, "|", d->reason);
    };
    table.emit_alias = [](void* ctx, const char* vendor, const char* index, const char* alias) {
      return self(ctx).say("alias ", vendor, ":", index, " ", alias);
    };
    table.emit_property = [](void* ctx, const char* vendor, const char* index, const char* key,
                             const char* value) {
      return self(ctx).say("property ", vendor, ":", index, " ", key, "=", value);
    };
    table.emit_interconnect = [](void* ctx, const char* vendor, const char* index,
                                 const char* peer_vendor, const char* peer_index, const char* type,
                                 uint32_t weight) {
      return self(ctx).say("interconnect ", vendor, ":", index, " ", peer_vendor, ":", peer_index,
                           " ", type, " ", weight);
    };
    table.emit_node = [](void* ctx, const xpu_scope* s, const xpu_node* n) {
      return self(ctx).say("node ", n->struct_size, scope(s), n->host_path, " ", n->container_path);
    };
    table.emit_file = [](void* ctx, const xpu_scope* s, const xpu_file* f) {
      return self(ctx).say("file ", f->struct_size, scope(s), f->kind, " ", f->host_path, " ",
                           f->container_path, "|", f->soname, "|", f->architecture, "|", f->links);
    };
    table.emit_env = [](void* ctx, const xpu_scope* s, const xpu_env* e) {
      return self(ctx).say(e->flags == XPU_EXPAND ? "expanded env " : "env ", e->struct_size,
                           scope(s), e->name, "=", e->value);
    };
    table.emit_link = [](void* ctx, const xpu_scope* s, const xpu_link* l) {
      return self(ctx).say("link ", l->struct_size, scope(s), l->path, " ", l->target);
    };
    table.emit_condition = [](void* ctx, const xpu_condition* c) {
      return self(ctx).say("condition ", c->struct_size, " ", c->kind, " ", c->path, " ",
                           c->seconds);
    };
    table.emit_capability = [](void* ctx, const char* name) {
      return self(ctx).say("capability ", name);
    };
    table.emit_value = [](void* ctx, const xpu_scope* s, const xpu_value* v) {
      return self(ctx).say("value ", v->struct_size, scope(s), v->combine, " ", v->name, "=",
                           v->value);
    };
    table.emit_text = [](void* ctx, const xpu_scope* s, const xpu_text* t) {
      return self(ctx).say(t->flags == XPU_EXPAND ? "expanded text " : "text ", t->struct_size,
                           scope(s), t->path, " ", t->content);
    };
    table.emit_note = [](void* ctx, const xpu_scope* s, const xpu_note* n) {
      return self(ctx).say("note ", n->struct_size, scope(s), n->severity, " ", n->text);
    };
    table.emit_image_folder = [](void* ctx, const xpu_scope* s, const xpu_image_folder* f) {
      return self(ctx).say("image_folder ", f->struct_size, scope(s), f->folder, " ", f->library,
                           " ", f->version);
    };
  }

  // Entry, open, describe and close as the runtime does them.
  xpu_status describe(xpu_backend_entry_fn entry) {
    const xpu_backend* backend = nullptr;
    xpu_status status = entry(&table, &backend);
    void* instance = nullptr;
    if (status == XPU_OK) {
      status = backend->open(&table, &instance);
    }
    if (status == XPU_OK) {
      status = backend->describe(instance);
      backend->close(instance);
    }
    return status;
  }

  xpu_host table{};
  std::map<std::string, std::string> options;
  std::vector<std::string> calls, errors;
  std::string refuse;  // calls that begin with this are refused

 private:
  static FakeHost& self(void* ctx) { return *static_cast<FakeHost*>(ctx); }
  // NULL counts as "".
  template <class T>
  static const T& shown(const T& part) {
    return part;
  }
  static std::string shown(const char* text) { return text == nullptr ? "" : text; }
  static std::string scope(const xpu_scope* s) {
    const std::string item = shown(s->item), lacks = shown(s->image_lacks);
    return " " + std::to_string(s->struct_size) + "[" + shown(s->vendor) + ":" + shown(s->device) +
           "+" + shown(s->capability) + (item.empty() ? "" : "=" + item) +
           (lacks.empty() ? "" : " unless " + lacks) + "] ";
  }
  template <class... Parts>
  xpu_status say(const Parts&... parts) {
    std::ostringstream line;
    (line << ... << shown(parts));
    calls.push_back(line.str());
    if (!refuse.empty() && calls.back().rfind(refuse, 0) == 0) {
      table.set_error(this, XPU_INVALID, "the host's own words");
      return XPU_INVALID;
    }
    return XPU_OK;
  }
};

}  // namespace xpu::sdk::test
