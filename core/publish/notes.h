// SPDX-License-Identifier: Apache-2.0
// FOLDER/.xpu-refresh: with which wishes `xpu-runtime cdi refresh` keeps files in a spec folder,
// for xpud to do it again when devices come and go. Readers of CDI pass over the name. The note
// lives and dies with the folder, as its files do.
//
//   {"version":1,"wishes":[{"files":["xpu-acme.json"],"backends":["acme"],...}]}
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/publish/documents.h"

namespace xpu {

struct CdiNote {
  CdiWish wish;
  std::vector<std::string> files;  // names of those that were there afterwards
};

// None where there is no note. Throws Error: one that others could have written, that is damaged or
// of a later version.
std::vector<CdiNote> cdi_notes(const std::string& folder);

// After a refresh: in place of notes of the same kind and backends, and of those with one of the
// files. Nothing is noted in a folder that is not there. Throws Error.
void note_cdi_refresh(const std::string& folder, const CdiWish& wish,
                      const CdiDocuments& documents);

// Does again what the notes of a folder say; one line for each change. A wish none of whose files
// is there any more was ended by whoever removed them, and its note goes. What fails for one wish
// is a line of `problems`. Throws Error for notes that cannot be read.
std::vector<std::string> repeat_cdi_refresh(const Config& config, const std::string& folder,
                                            std::vector<std::string>* problems);

}  // namespace xpu
