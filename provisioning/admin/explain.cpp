// SPDX-License-Identifier: MIT
#include "provisioning/admin/explain.hpp"

#include "provisioning/admin/diagnosis.hpp"
#include "provisioning/admin/sentences.hpp"

namespace admin {

Story explain(const inventory::Device& device,
              const std::vector<inventory::Event>& timeline,
              bool served_elsewhere,
              const Around& around) {
    Story story;
    story.lines.reserve(timeline.size());
    for (const inventory::Event& event : timeline) {
        story.lines.push_back(sentence(event, around.now));
    }
    const Facts facts{device, timeline, served_elsewhere, around};
    const Rule& rule = diagnose(facts);
    story.now = rule.now(facts);
    story.next = rule.next(facts);
    return story;
}

} // namespace admin
