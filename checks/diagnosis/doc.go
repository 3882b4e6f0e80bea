// Package diagnosis says how far each update package has come at each site, what should happen
// next, what holds it, and what may and must not be done now.
//
// Gather asks, through the same door as the checks; Judge looks at nothing but what was gathered.
// The trees are those of Microsoft's article on updates and servicing (KB 4490424).
package diagnosis
