#pragma once

#include <string>

namespace ociferry {

/// Replaces this process by man(1), which shows `page`. Returns, having written nothing, if there is no such program or
/// it does not find the page; signals then have their default actions. Call it while no other thread runs but that of
/// Signals: all others end. Blocks while `man` searches.
void show_manual_page(std::string page);

}  // namespace ociferry
