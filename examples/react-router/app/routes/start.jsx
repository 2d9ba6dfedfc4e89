export default function Start() {
  return <h1>Home</h1>
}
