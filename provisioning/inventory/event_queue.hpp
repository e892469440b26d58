// SPDX-License-Identifier: MIT
// Timeline events on their way to the disk, equal consecutive ones as one.
#pragma once

#include "provisioning/base/mac.hpp"
#include "provisioning/inventory/device.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace inventory {

/// The newest row of a device on disk: an equal event adds to it. Each device has one all the time,
/// so that what it says is kept as a digest, in this process alone.
struct EventRow {
    EventRow(std::int64_t id,
             Step step,
             std::string_view address,
             std::string_view detail) noexcept;

    bool equals(const Event& event) const noexcept;

    std::int64_t id;
    std::uint64_t says; ///< of step, address and detail: strangers must not find two alike
};

struct QueuedEvent {
    Event event;
    std::int64_t row = 0; ///< not 0: adds `event.count` to this row instead of making one
};

/// Not for two threads at once.
class EventQueue {
  public:
    /// After a power cut some ten thousand phones have a few each within a second.
    static constexpr std::size_t most_of_all = 200'000;
    static constexpr std::size_t most_of_strangers = 5000;

    /// What was taken to be written; goes back by written() or restore().
    struct Batch {
        base::Mac mac;
        std::uint64_t serial = 0;
        std::vector<QueuedEvent> events;
        std::optional<EventRow> newest;
    };

    /// Tells about a row that is on disk already.
    void knows(base::Mac mac, const EventRow& newest);

    /// `most`: what the device may have in its timeline; its oldest one gives way. Of the room for
    /// all devices, strangers get a part, so that a flood of them hides nothing of the others.
    /// False when it repeats the device's last one, or was dropped.
    bool add(base::Mac mac, Event event, std::size_t most, bool is_stranger);

    std::size_t count_waiting() const noexcept { return waiting_.size(); }

    std::vector<Batch> take_all();
    Batch take(base::Mac mac);
    void written(const Batch& batch, const std::optional<EventRow>& newest);
    /// Where there is no memory for it, the batch stays as it is.
    void restore(Batch&& batch, std::size_t most);

    void forget(base::Mac mac);

    const std::vector<QueuedEvent>* waiting_of(base::Mac mac) const;

    std::uint64_t dropped() const noexcept { return dropped_; }

  private:
    struct Line {
        std::uint64_t serial = 0; ///< a device forgotten and heard again is another one
        std::vector<QueuedEvent> events;
        std::optional<EventRow> newest;
    };

    Line& line_of(base::Mac mac);
    Line* same_line(const Batch& batch);
    void trim(Line& line, std::size_t most);

    std::unordered_map<base::Mac, Line> lines_;
    std::unordered_set<base::Mac> waiting_; ///< whose line has events
    std::size_t total_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t next_serial_ = 1;
};

} // namespace inventory
