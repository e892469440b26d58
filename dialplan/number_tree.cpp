// SPDX-License-Identifier: MIT
// Puts patterns together, key by key, and lets beginnings with the same ends be one.
#include "dialplan/number_tree.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace dialplan {

/// The patterns that still fit after some keys. All of them were followed by as many keys, so a
/// set of them never comes back later, and the tree ends.
class TreeBuilder {
  public:
    explicit TreeBuilder(const std::vector<KeyPattern>& patterns) {
        for (const auto& pattern : patterns) {
            const auto& keys = pattern.keys;
            if (std::find(keys.begin(), keys.end(), Keys{0}) == keys.end()) {
                patterns_.push_back(pattern);
            }
        }
        NumberTree::Node anywhere;
        anywhere.after.fill(NumberTree::anywhere);
        anywhere.takes = anywhere.goes_on = true;
        tree_.places_ = {{}, anywhere};
    }

    base::Result<NumberTree> build() {
        Fitting all(patterns_.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = static_cast<std::uint32_t>(i);
        }
        levels_.emplace_back();
        tree_.start_ = reach(0, std::move(all));
        for (std::size_t depth = 0; depth < levels_.size(); ++depth) {
            levels_.emplace_back();
            for (const auto& [fitting, place] : levels_[depth]) {
                if (places_ > NumberTree::most_places || fits_ > NumberTree::most_fits) {
                    return base::fail(
                        base::Errc::refused,
                        "its numbers begin in more than {} ways, or fit more than {} "
                        "patterns on the way, which is too many to make a digit map of",
                        NumberTree::most_places, NumberTree::most_fits);
                }
                grow(depth, fitting, place);
            }
            levels_[depth].clear();
            if (levels_.back().empty()) {
                break;
            }
        }
        return join();
    }

  private:
    using Fitting = std::vector<std::uint32_t>;

    NumberTree::Place reach(std::size_t depth, Fitting fitting) {
        if (fitting.empty()) {
            return NumberTree::nowhere;
        }
        bool takes = false;
        for (const auto at : fitting) {
            const auto& pattern = patterns_[at];
            if (pattern.tail != KeyPattern::Tail::none &&
                depth >= pattern.keys.size() +
                             (pattern.tail == KeyPattern::Tail::one_or_more ? 1U : 0U)) {
                return NumberTree::anywhere;
            }
            takes =
                takes || (pattern.tail == KeyPattern::Tail::none && depth == pattern.keys.size());
        }
        const auto next = static_cast<NumberTree::Place>(tree_.places_.size());
        const auto [found, is_new] = levels_[depth].try_emplace(std::move(fitting), next);
        if (is_new) {
            tree_.places_.emplace_back();
            tree_.places_.back().takes = takes && depth > 0; // nothing is called without a digit
            ++places_;
            fits_ += found->first.size();
        }
        return found->second;
    }

    void grow(std::size_t depth, const Fitting& fitting, NumberTree::Place place) {
        std::array<Fitting, keypad.size()> next;
        for (const auto at : fitting) {
            const auto& pattern = patterns_[at];
            const Keys keys = depth < pattern.keys.size()              ? pattern.keys[depth]
                              : pattern.tail != KeyPattern::Tail::none ? all_keys
                                                                       : Keys{0};
            for (std::size_t key = 0; key < keypad.size(); ++key) {
                if (holds(keys, key)) {
                    next[key].push_back(at);
                }
            }
        }
        for (std::size_t key = 0; key < keypad.size(); ++key) {
            const auto after = reach(depth + 1, std::move(next[key]));
            tree_.places_[place].after[key] = after;
        }
    }

    /// From the ends to the start: places that take the same, and lead to the same, are one.
    NumberTree join() {
        std::map<std::pair<bool, std::array<NumberTree::Place, keypad.size()>>, NumberTree::Place>
            known;
        std::vector<NumberTree::Place> now(tree_.places_.size());
        NumberTree joined;
        joined.places_ = {tree_.places_[0], tree_.places_[1]};
        now[NumberTree::anywhere] = NumberTree::anywhere;
        for (auto i = tree_.places_.size(); i-- > 2;) { // a key always leads to a later one
            auto node = tree_.places_[i];
            for (auto& after : node.after) {
                after = now[after];
                node.goes_on = node.goes_on || after != NumberTree::nowhere;
            }
            const bool is_anywhere =
                node.takes && std::all_of(node.after.begin(), node.after.end(),
                                          [](auto after) { return after == NumberTree::anywhere; });
            if (is_anywhere) {
                now[i] = NumberTree::anywhere;
                continue;
            }
            const auto next = static_cast<NumberTree::Place>(joined.places_.size());
            const auto [found, is_new] = known.try_emplace({node.takes, node.after}, next);
            if (is_new) {
                joined.places_.push_back(node);
            }
            now[i] = found->second;
        }
        joined.start_ = now[tree_.start_];
        return joined;
    }

    std::vector<KeyPattern> patterns_;
    NumberTree tree_;
    std::vector<std::map<Fitting, NumberTree::Place>> levels_;
    std::size_t places_ = 0;
    std::size_t fits_ = 0; ///< patterns of all places together, which is what takes the memory
};

base::Result<NumberTree> NumberTree::of(const std::vector<KeyPattern>& patterns) {
    return TreeBuilder(patterns).build();
}

NumberTree::Place NumberTree::after(std::string_view digits) const {
    auto place = start_;
    for (const char digit : digits) {
        const auto key = keypad.find(digit);
        place = key == std::string_view::npos ? nowhere : after(place, key);
    }
    return place;
}

bool NumberTree::goes_on_after(const KeyRun& run) const {
    std::set<Place> here = {start_};
    for (const auto keys : run) {
        std::set<Place> next;
        for (const auto place : here) {
            for (std::size_t key = 0; key < keypad.size(); ++key) {
                if (holds(keys, key)) {
                    next.insert(after(place, key));
                }
            }
        }
        here = std::move(next);
    }
    return std::any_of(here.begin(), here.end(), [this](Place place) { return goes_on(place); });
}

bool NumberTree::runs(Ends ends,
                      std::size_t most,
                      const std::function<void(const KeyRun& run)>& visit) const {
    const auto is_end = [&](Place place) {
        switch (ends) {
        case Ends::whole:
            return takes(place) && !goes_on(place);
        case Ends::fork:
            return takes(place) && goes_on(place) && place != anywhere;
        case Ends::open:
            return place == anywhere;
        case Ends::dead:
            break;
        }
        return place == nowhere;
    };

    struct Way {
        Place place;
        KeyRun run;
    };

    std::vector<Way> ways = {{start_, {}}};
    std::size_t count = 0;
    while (!ways.empty()) {
        std::vector<Way> longer;
        for (const auto& way : ways) {
            std::map<Place, Keys> next;
            for (std::size_t key = 0; key < keypad.size(); ++key) {
                next[after(way.place, key)] |= key_set(keypad[key]);
            }
            for (const auto& [place, keys] : next) {
                auto run = way.run;
                run.push_back(keys);
                if (is_end(place)) {
                    if (count++ == most) {
                        return false;
                    }
                    visit(run);
                }
                if (goes_on(place) && place != anywhere) {
                    longer.push_back({place, std::move(run)});
                }
            }
        }
        if (longer.size() > most) {
            return false;
        }
        ways = std::move(longer);
    }
    return true;
}

} // namespace dialplan
