// SPDX-License-Identifier: MIT
// Keeps the sink and the levels of the log, and makes one safe line out of each message.
#include "provisioning/base/log.hpp"

#include "provisioning/base/utf8.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>

namespace base::log {
namespace {

/// What the whole module shares: every room writes to the host's one log.
struct Shared {
    std::mutex sink_lock; // held during a call: when set_sink returns, the old one is out of use
    Sink sink;
    std::mutex level_lock;
    Level level = Level::info;
    std::map<std::string, Level, std::less<>> rooms;
    std::atomic<Level> lowest = Level::info; // spares the lock to debug lines nobody wants
};

Shared& shared() {
    static Shared instance;
    return instance;
}

std::string_view name_of(Level level) noexcept {
    switch (level) {
    case Level::debug:
        return "DEBUG";
    case Level::info:
        return "INFO";
    case Level::warn:
        return "WARN";
    case Level::error:
        return "ERROR";
    }
    return "?";
}

std::string one_line(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const Utf8 found = utf8_at(text, at);
        // C1 controls too: a terminal takes U+009B for the start of an escape sequence.
        const bool control = found.code < 0x20 || (found.code >= 0x7F && found.code < 0xA0);
        if (found.length == 0 || control) {
            const std::size_t bytes = std::max<std::size_t>(found.length, 1);
            for (std::size_t i = 0; i < bytes; ++i) {
                fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                               static_cast<unsigned char>(text[at + i]));
            }
            at += bytes;
        } else {
            out.append(text, at, found.length);
            at += found.length;
        }
    }
    return out;
}

} // namespace

void set_sink(Sink sink) {
    const std::lock_guard lock(shared().sink_lock);
    shared().sink = std::move(sink);
}

void set_level(std::string_view room, Level level) {
    Shared& to = shared();
    const std::lock_guard lock(to.level_lock);
    if (room.empty()) {
        to.rooms.clear();
        to.level = level;
    } else {
        to.rooms.insert_or_assign(std::string(room), level);
    }
    Level lowest = to.level;
    for (const auto& [name, wanted] : to.rooms) {
        lowest = std::min(lowest, wanted);
    }
    to.lowest = lowest;
}

bool enabled(std::string_view room, Level level) {
    Shared& from = shared();
    if (level < from.lowest.load(std::memory_order_relaxed)) {
        return false;
    }
    const std::lock_guard lock(from.level_lock);
    const auto found = from.rooms.find(room);
    return level >= (found == from.rooms.end() ? from.level : found->second);
}

void write(Level level, std::string_view room, std::string_view text) {
    const std::string line = one_line(text);
    const std::lock_guard lock(shared().sink_lock);
    if (shared().sink) {
        try {
            shared().sink(level, room, line);
            return;
        } catch (...) { // a broken sink must not stop who logs
        }
    }
    const std::string whole = fmt::format("{} {}: {}\n", name_of(level), room, line);
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

} // namespace base::log
