// Stands in for the hash tables that mediasoup downloads (no registry has them), with Abseil's flat ones, which mediasoup
// used before: equal in kind and speed. Only what the worker calls.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <functional>
#include <utility>

namespace ankerl::unordered_dense
{
	template<class T>
	struct hash
	{
		size_t operator()(const T& value) const
		{
			return absl::Hash<T>{}(value);
		}
	};

	// Abseil's erase() returns nothing; the worker goes on from what it returns.
	template<class Table>
	class table : public Table
	{
	public:
		using Table::Table;
		using Table::erase;

		typename Table::iterator erase(typename Table::iterator position)
		{
			auto next = position;
			++next;
			Table::erase(position);
			return next;
		}
	};

	template<class Key, class Value, class Hash = hash<Key>, class Equal = std::equal_to<Key>>
	using map = table<absl::flat_hash_map<Key, Value, Hash, Equal>>;

	template<class Key, class Hash = hash<Key>, class Equal = std::equal_to<Key>>
	using set = table<absl::flat_hash_set<Key, Hash, Equal>>;
} // namespace ankerl::unordered_dense
