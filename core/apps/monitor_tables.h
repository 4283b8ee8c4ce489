// SPDX-License-Identifier: Apache-2.0
// The tables of `xpu-runtime monitor`: from values to cells. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "core/apps/grid.h"
#include "core/apps/view.h"

namespace xpu {

// By which column a table is sorted; a table without that column keeps its own order.
struct Order {
  std::string column;
  bool reverse = false;
};

struct Pane {
  std::string title;  // "devices"
  std::vector<Column> columns;
  std::vector<std::string> keys;  // what --sort calls each column; "" for one that is not sorted by
  std::vector<std::vector<Cell>> rows;
  std::string empty;  // what is said where there is no row
  int marked = -1;    // the column by which it is sorted
};

enum class Page {
  kOverview,  // devices, containers, processes
  kEngines,   // how busy each engine is, and because of which container
  kMemory,    // whose the memory of each device is
};

// `filter`: only rows that have it in a cell, in any case of ASCII.
std::vector<Pane> panes_of(const View& view, Page page, const Order& order,
                           const std::string& filter = "");

// Every name that --sort takes.
std::vector<std::string> sort_names();

// "45%" of the busiest engine; traffic of memory does not count.
const Labelled* engine_shown(const std::vector<Labelled>& utilisation);

}  // namespace xpu
