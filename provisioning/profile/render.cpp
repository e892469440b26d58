// SPDX-License-Identifier: MIT
// The one file that knows the Mustache library, and keeps it from looking into outer scopes.
#include "provisioning/profile/render.hpp"

#include "provisioning/base/xml.hpp"

#include <deque>
#include <exception>
#include <kainjow/mustache.hpp>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace profile {
namespace {

namespace km = kainjow::mustache;
using base::Errc;
using base::fail;

/// A name means what the innermost list entry says, and nothing else: the library's own context
/// would go on to the outer ones. Values become nodes of the library when they are asked for.
class Scope final : public km::basic_context<std::string> {
  public:
    explicit Scope(const Model& model) : scopes_({&model}) {}

    void push(const km::data* node) override {
        const auto entry = entries_.find(node);
        scopes_.push_back(entry == entries_.end() ? scopes_.back() : entry->second);
    }

    void pop() override { scopes_.pop_back(); }

    const km::data* get(const std::string& name) const override {
        const Model& scope = *scopes_.back();
        if (const auto value = scope.values.find(name); value != scope.values.end()) {
            return &nodes_.emplace_back(value->second);
        }
        if (const auto flag = scope.flags.find(name); flag != scope.flags.end()) {
            return &nodes_.emplace_back(flag->second);
        }
        const auto list = scope.lists.find(name);
        return list == scope.lists.end() ? nullptr : add_list(list->second);
    }

    const km::data* get_partial(const std::string& /*name*/) const override {
        return nullptr; // the guard has put them in
    }

  private:
    const km::data* add_list(const std::vector<Model>& models) const {
        km::data& list = nodes_.emplace_back(km::data::type::list);
        for (std::size_t i = 0; i < models.size(); ++i) {
            list.push_back(km::data(km::data::type::object));
        }
        for (std::size_t i = 0; i < models.size(); ++i) {
            entries_[&list.list_value()[i]] = &models[i];
        }
        return &list;
    }

    std::vector<const Model*> scopes_;
    mutable std::deque<km::data> nodes_; // a deque: the library holds pointers into it
    mutable std::unordered_map<const km::data*, const Model*> entries_;
};

std::string escape(Format format, const std::string& value) {
    switch (format) {
    case Format::xml:
    case Format::items:
        return base::escape_xml(value);
    case Format::text:
    case Format::kx:  // knows no escape: a value with a " makes a bad file, which is not sent
        return value; // the model holds no value with a line break or another control character
    }
    return {};
}

} // namespace

struct Template::State {
    explicit State(const std::string& text) : parsed(text) {}

    std::mutex lock; // the library's render() is not const
    km::mustache parsed;
};

base::Result<Template> Template::compile(const std::vector<Piece>& pieces, Format format) {
    try {
        auto state = std::make_unique<State>(flat(pieces));
        if (!state->parsed.is_valid()) {
            return fail(Errc::malformed, "{}", state->parsed.error_message());
        }
        state->parsed.set_custom_escape(
            [format](const std::string& value) { return escape(format, value); });
        return Template(std::move(state));
    } catch (const std::exception& thrown) {
        return fail(Errc::malformed, "the template engine refuses it: {}", thrown.what());
    }
}

base::Result<std::string> Template::render(const Model& model) const {
    try {
        const std::lock_guard hold(state_->lock);
        Scope scope(model);
        std::string out = state_->parsed.render(scope);
        if (!state_->parsed.is_valid()) {
            return fail(Errc::malformed, "{}", state_->parsed.error_message());
        }
        return out;
    } catch (const std::exception& thrown) {
        return fail(Errc::malformed, "the template engine failed: {}", thrown.what());
    }
}

Template::Template(std::unique_ptr<State> state) : state_(std::move(state)) {}

Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

} // namespace profile
