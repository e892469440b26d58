// SPDX-License-Identifier: MIT
// Scans the tags of a template and of its partials, and keeps what is safe to render.
#include "provisioning/profile/guard.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/profile/tags.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace profile {
namespace {

using base::Errc;
using base::Status;

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
    });
}

bool knows(const Model& scope, std::string_view name) {
    return scope.values.find(name) != scope.values.end() ||
           scope.flags.find(name) != scope.flags.end() ||
           scope.lists.find(name) != scope.lists.end();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
    const auto near = base::nearest(name, known);
    return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

template <class Map> void add_names(std::vector<std::string_view>& to, const Map& map) {
    for (const auto& entry : map) {
        to.push_back(entry.first);
    }
}

class Guard {
  public:
    Guard(const Partials& partials, const Model& example)
        : partials_(partials), scopes_({&example}) {}

    Status read(const Source& source) {
        if (auto done = check_bytes(source); !done) {
            return done;
        }
        including_.push_back(&source);
        Tags tags(source.text);
        std::vector<Tag> open; // of this file: a partial closes what it opens
        while (true) {
            auto next = tags.next();
            if (!next) {
                return fail(source, next.error().place, next.error().what);
            }
            if (auto done = add_text(source, next->before, next->before_place); !done) {
                return done;
            }
            if (next->kind == Tag::Kind::end) {
                break;
            }
            if (auto done = take(source, *next, open); !done) {
                return done;
            }
        }
        if (!open.empty()) {
            return fail(source, open.back().place,
                        fmt::format("{{{{{}{}}}}} is never closed; {{{{/{}}}}} is missing",
                                    open.back().kind == Tag::Kind::open ? '#' : '^',
                                    open.back().name, open.back().name));
        }
        including_.pop_back();
        return {};
    }

    std::vector<Piece> pieces;

  private:
    static Status fail(const Source& source, Place place, std::string_view what) {
        return base::fail(Errc::refused, "{}:{}:{}: {}", source.file, place.line, place.column,
                          what);
    }

    Status check_bytes(const Source& source) {
        size_ += source.text.size();
        if (size_ > largest_template) {
            return fail(source, {},
                        fmt::format("the template is larger than {} kB with its partials",
                                    largest_template / 1024));
        }
        const std::string_view text = source.text;
        Place place;
        for (std::size_t at = 0; at < text.size();) {
            const base::Utf8 found = base::utf8_at(text, at);
            const bool control = (found.code < 0x20 && found.code != '\t' && found.code != '\n' &&
                                  found.code != '\r') ||
                                 found.code == 0x7F;
            if (found.length == 0 || control) {
                return fail(source, place, "not UTF-8 text without control characters");
            }
            place.pass(text.substr(at, found.length));
            at += found.length;
        }
        return {};
    }

    /// Two braces that meet only because a comment or a partial went from between them would be a
    /// tag that nobody has read.
    Status add_text(const Source& source, std::string_view text, Place place) {
        if (text.empty()) {
            return {};
        }
        if (ends_in_brace() && text.front() == '{') {
            return fail(source, place, "this brace would meet the one before the tag; put a blank");
        }
        pieces.push_back({Piece::Kind::text, std::string(text), &source, place.line, place.column});
        return {};
    }

    Status add(Piece::Kind kind, const Source& source, const Tag& tag) {
        if (ends_in_brace()) {
            return fail(source, tag.place, "put a blank between the brace and this tag");
        }
        pieces.push_back({kind, tag.name, &source, tag.place.line, tag.place.column});
        return {};
    }

    bool ends_in_brace() const {
        return !pieces.empty() && pieces.back().kind == Piece::Kind::text &&
               pieces.back().text.back() == '{';
    }

    Status take(const Source& source, const Tag& tag, std::vector<Tag>& open) {
        switch (tag.kind) {
        case Tag::Kind::value:
            return value(source, tag);
        case Tag::Kind::open:
        case Tag::Kind::inverted:
            return section(source, tag, open);
        case Tag::Kind::close:
            return close(source, tag, open);
        case Tag::Kind::partial:
            return partial(source, tag);
        default:
            return {}; // comments
        }
    }

    Status value(const Source& source, const Tag& tag) {
        const Model& scope = *scopes_.back();
        if (scope.values.find(tag.name) != scope.values.end()) {
            return add(Piece::Kind::value, source, tag);
        }
        if (knows(scope, tag.name)) {
            const bool flag = scope.flags.find(tag.name) != scope.flags.end();
            return fail(source, tag.place,
                        fmt::format("'{}' is a {}, it has no text of its own; write "
                                    "{{{{#{}}}}}...{{{{/{}}}}}",
                                    tag.name, flag ? "flag" : "list", tag.name, tag.name));
        }
        std::vector<std::string_view> known;
        add_names(known, scope.values);
        return unknown(source, tag, known);
    }

    Status section(const Source& source, const Tag& tag, std::vector<Tag>& open) {
        const Model& scope = *scopes_.back();
        const auto list = scope.lists.find(tag.name);
        const bool is_list = list != scope.lists.end();
        if (!is_list && scope.flags.find(tag.name) == scope.flags.end()) {
            if (knows(scope, tag.name)) {
                return fail(
                    source, tag.place,
                    fmt::format("'{}' is a value; only flags and lists open a section", tag.name));
            }
            std::vector<std::string_view> known;
            add_names(known, scope.flags);
            add_names(known, scope.lists);
            return unknown(source, tag, known);
        }
        if (scopes_.size() > deepest_section) {
            return fail(source, tag.place,
                        fmt::format("sections nest deeper than {}", deepest_section));
        }
        const bool enters = is_list && tag.kind == Tag::Kind::open;
        scopes_.push_back(enters ? &list->second.front() : &scope);
        open.push_back(tag);
        return add(tag.kind == Tag::Kind::open ? Piece::Kind::open : Piece::Kind::inverted, source,
                   tag);
    }

    Status close(const Source& source, const Tag& tag, std::vector<Tag>& open) {
        if (open.empty()) {
            return fail(source, tag.place,
                        fmt::format("{{{{/{}}}}} closes nothing that this file opened", tag.name));
        }
        if (open.back().name != tag.name) {
            return fail(source, tag.place,
                        fmt::format("{{{{/{}}}}} stands where '{}' of line {} is open", tag.name,
                                    open.back().name, open.back().place.line));
        }
        scopes_.pop_back();
        open.pop_back();
        return add(Piece::Kind::close, source, tag);
    }

    Status partial(const Source& source, const Tag& tag) {
        const Source* found = partials_.find(tag.name);
        if (found == nullptr) {
            const std::vector<std::string_view> known(partials_.names.begin(),
                                                      partials_.names.end());
            return fail(source, tag.place,
                        fmt::format("there is no template '{}.mustache'{}", tag.name,
                                    did_you_mean(tag.name, known)));
        }
        if (std::find(including_.begin(), including_.end(), found) != including_.end()) {
            std::string chain;
            for (const Source* each : including_) {
                chain += each->file + " -> ";
            }
            return fail(source, tag.place,
                        fmt::format("'{}' includes itself: {}{}; {{{{>VENDOR/{}}}}} is the shipped "
                                    "one",
                                    tag.name, chain, found->file, tag.name));
        }
        if (including_.size() > deepest_partial) {
            return fail(source, tag.place,
                        fmt::format("partials nest deeper than {}", deepest_partial));
        }
        if (auto done = read(*found); !done) {
            return done;
        }
        // The tag took its line break with it; a partial without one must not join two lines.
        const bool joins = !found->text.empty() && found->text.back() != '\n';
        return joins ? add_text(source, tag.line_end, tag.place) : Status();
    }

    Status
    unknown(const Source& source, const Tag& tag, const std::vector<std::string_view>& known) {
        if (!is_name(tag.name)) {
            return fail(source, tag.place,
                        fmt::format("'{}' is no name; names are made of letters, digits and _",
                                    base::printable(tag.name, 40)));
        }
        const bool outside = std::any_of(scopes_.begin(), scopes_.end(), [&](const Model* scope) {
            return knows(*scope, tag.name);
        });
        if (outside) {
            return fail(source, tag.place,
                        fmt::format("'{}' is known outside of the list only; the entries of a list "
                                    "have names of their own{}",
                                    tag.name, did_you_mean(tag.name, known)));
        }
        return fail(
            source, tag.place,
            fmt::format("there is no '{}' here{}", tag.name, did_you_mean(tag.name, known)));
    }

    const Partials& partials_;
    std::vector<const Model*> scopes_; ///< one for each open section, and the outermost
    std::vector<const Source*> including_;
    std::size_t size_ = 0;
};

} // namespace

base::Result<std::vector<Piece>>
accept(const Source& start, const Partials& partials, const Model& example) {
    Guard guard(partials, example);
    if (auto done = guard.read(start); !done) {
        return tl::unexpected(done.error());
    }
    return std::move(guard.pieces);
}

std::string flat(const std::vector<Piece>& pieces) {
    std::string out;
    for (const Piece& piece : pieces) {
        switch (piece.kind) {
        case Piece::Kind::text:
            out += piece.text;
            continue;
        case Piece::Kind::value:
            out += "{{";
            break;
        case Piece::Kind::open:
            out += "{{#";
            break;
        case Piece::Kind::inverted:
            out += "{{^";
            break;
        case Piece::Kind::close:
            out += "{{/";
            break;
        }
        out += piece.text;
        out += "}}";
    }
    return out;
}

} // namespace profile
